<?xml version="1.0" encoding="UTF-8"?>
<!-- Panasonic KX-HDV and TGP600 network phonebook: twenty people an answer. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <ppxml xmlns="http://panasonic/sip_phone" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://panasonic/sip_phone sip_phone.xsd">
      <Screen version="3.0">
        <PhoneBook version="2.0">
          <xsl:for-each select="entry">
            <Personnel id="{position()}">
              <Name><xsl:value-of select="@name"/></Name>
              <PhoneNums>
                <xsl:for-each select="number">
                  <PhoneNum type="{@word}"><xsl:value-of select="."/></PhoneNum>
                </xsl:for-each>
              </PhoneNums>
            </Personnel>
          </xsl:for-each>
        </PhoneBook>
      </Screen>
    </ppxml>
  </xsl:template>
</xsl:stylesheet>
