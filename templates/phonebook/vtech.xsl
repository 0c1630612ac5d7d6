<?xml version="1.0" encoding="UTF-8"?>
<!-- VTech VCS and VSP, and Snom phones of VTech make. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <directory>
      <DIR_GROUP>
        <xsl:for-each select="entry">
          <DIR_ENTRY>
            <DIR_ENTRY_NAME_FIRST><xsl:value-of select="@first"/></DIR_ENTRY_NAME_FIRST>
            <DIR_ENTRY_NAME_LAST><xsl:value-of select="@last"/></DIR_ENTRY_NAME_LAST>
            <xsl:for-each select="number">
              <xsl:sort select="string-length(substring-before(' WORK HOME MOBILE OTHER ', concat(' ', @slot, ' ')))" data-type="number"/>
              <xsl:element name="DIR_ENTRY_NUMBER_{@slot}"><xsl:value-of select="."/></xsl:element>
            </xsl:for-each>
            <DIR_ENTRY_LINE_NUMBER>0</DIR_ENTRY_LINE_NUMBER>
            <DIR_ENTRY_BLOCK>0</DIR_ENTRY_BLOCK>
            <DIR_ENTRY_RINGER>0</DIR_ENTRY_RINGER>
          </DIR_ENTRY>
        </xsl:for-each>
      </DIR_GROUP>
    </directory>
  </xsl:template>
</xsl:stylesheet>
