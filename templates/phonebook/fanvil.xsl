<?xml version="1.0" encoding="UTF-8"?>
<!-- Fanvil, and Digium A-series under another root: the kind of a number is its element. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:param name="root" select="'FanvilIPPhoneDirectory'"/>
  <xsl:param name="ring" select="'0'"/>

  <xsl:template match="/book">
    <xsl:element name="{$root}">
      <Title><xsl:value-of select="@title"/></Title>
      <xsl:for-each select="entry">
        <DirectoryEntry>
          <Name><xsl:value-of select="@name"/></Name>
          <Telephone><xsl:value-of select="number[@slot = 'Telephone']"/></Telephone>
          <Mobile><xsl:value-of select="number[@slot = 'Mobile']"/></Mobile>
          <Other><xsl:value-of select="number[@slot = 'Other']"/></Other>
          <Ring><xsl:value-of select="$ring"/></Ring>
          <Group><xsl:value-of select="@group-name"/></Group>
        </DirectoryEntry>
      </xsl:for-each>
    </xsl:element>
  </xsl:template>
</xsl:stylesheet>
