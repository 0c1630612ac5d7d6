<?xml version="1.0" encoding="UTF-8"?>
<!-- Snom M300, M700, M900 and other RTX DECT bases: three numbers in this order, none left out, none collapsed. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <IPPhoneDirectory>
      <xsl:for-each select="entry">
        <DirectoryEntry>
          <Name><xsl:value-of select="@name"/></Name>
          <Telephone><xsl:value-of select="number[@slot = 'Telephone']"/></Telephone>
          <Office><xsl:value-of select="number[@slot = 'Office']"/></Office>
          <Mobile><xsl:value-of select="number[@slot = 'Mobile']"/></Mobile>
        </DirectoryEntry>
      </xsl:for-each>
    </IPPhoneDirectory>
  </xsl:template>
</xsl:stylesheet>
