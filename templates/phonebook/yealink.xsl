<?xml version="1.0" encoding="UTF-8"?>
<!-- Yealink remote phone book: a directory, or a menu of directories. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book[@screen = 'menu']" priority="1">
    <YealinkIPPhoneMenu>
      <Title><xsl:value-of select="@title"/></Title>
      <MenuItem>
        <Name>All</Name>
        <URL><xsl:value-of select="link[@rel = 'list']/@href"/></URL>
      </MenuItem>
      <xsl:for-each select="group">
        <MenuItem>
          <Name><xsl:value-of select="@name"/></Name>
          <URL><xsl:value-of select="@href"/></URL>
        </MenuItem>
      </xsl:for-each>
    </YealinkIPPhoneMenu>
  </xsl:template>

  <xsl:template match="/book">
    <YealinkIPPhoneDirectory>
      <Title><xsl:value-of select="@title"/></Title>
      <xsl:for-each select="entry">
        <DirectoryEntry>
          <Name><xsl:value-of select="@name"/></Name>
          <xsl:for-each select="number">
            <Telephone label="{@word}"><xsl:value-of select="."/></Telephone>
          </xsl:for-each>
        </DirectoryEntry>
      </xsl:for-each>
    </YealinkIPPhoneDirectory>
  </xsl:template>
</xsl:stylesheet>
