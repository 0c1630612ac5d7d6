<?xml version="1.0" encoding="UTF-8"?>
<!-- The phonebook of ITFlow's old /api.php: people in group 0, vendors in group 1. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <AddressBook>
      <xsl:for-each select="entry">
        <Contact>
          <LastName><xsl:value-of select="@name"/></LastName>
          <xsl:for-each select="number">
            <Phone>
              <phonenumber><xsl:value-of select="."/></phonenumber>
            </Phone>
          </xsl:for-each>
          <Groups>
            <groupid><xsl:value-of select="number(@kind = 'vendor')"/></groupid>
          </Groups>
        </Contact>
      </xsl:for-each>
    </AddressBook>
  </xsl:template>
</xsl:stylesheet>
