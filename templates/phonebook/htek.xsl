<?xml version="1.0" encoding="UTF-8"?>
<!-- Htek and Hanlong remote phone book. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <PhoneDirectory>
      <xsl:for-each select="entry">
        <DirectoryEntry>
          <Name><xsl:value-of select="@name"/></Name>
          <xsl:for-each select="number">
            <Telephone><xsl:value-of select="."/></Telephone>
          </xsl:for-each>
        </DirectoryEntry>
      </xsl:for-each>
    </PhoneDirectory>
  </xsl:template>
</xsl:stylesheet>
