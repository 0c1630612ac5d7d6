<?xml version="1.0" encoding="UTF-8"?>
<!-- Avaya J1xx downloadable directory. The root is that of Snom's DECT bases, its children are not. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <IPPhoneDirectory>
      <xsl:for-each select="entry">
        <DirectoryEntry>
          <LastName><xsl:value-of select="@last"/></LastName>
          <FirstName><xsl:value-of select="@first"/></FirstName>
          <PhoneNumbers>
            <xsl:for-each select="number">
              <Phone>
                <Number><xsl:value-of select="."/></Number>
                <Type><xsl:value-of select="@word"/></Type>
              </Phone>
            </xsl:for-each>
          </PhoneNumbers>
        </DirectoryEntry>
      </xsl:for-each>
    </IPPhoneDirectory>
  </xsl:template>
</xsl:stylesheet>
