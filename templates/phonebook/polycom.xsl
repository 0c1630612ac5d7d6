<?xml version="1.0" encoding="UTF-8"?>
<!-- Polycom and Poly local directory: one number an item, no number twice, no speed dials. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="no" standalone="yes"/>
  <xsl:template match="/book">
    <directory>
      <item_list>
        <xsl:for-each select="entry">
          <item>
            <lb><xsl:value-of select="@name"/></lb>
            <ln><xsl:value-of select="@last"/></ln>
            <fn><xsl:value-of select="@first"/></fn>
            <ct><xsl:value-of select="number"/></ct>
            <sd/>
            <rt/>
            <dc/>
            <ad>0</ad>
            <ar>0</ar>
            <bw>0</bw>
            <bb>0</bb>
          </item>
        </xsl:for-each>
      </item_list>
    </directory>
  </xsl:template>
</xsl:stylesheet>
