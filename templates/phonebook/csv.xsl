<?xml version="1.0" encoding="UTF-8"?>
<!-- CSV for spreadsheets and imports (RFC 4180), a row for each entry. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:str="http://exslt.org/strings" extension-element-prefixes="str">
  <xsl:output method="text" encoding="UTF-8"/>
  <xsl:template match="/book">
    <xsl:value-of select="concat('Name,First,Last,Client,Title,Email,Work,Mobile,Internal,Other', '&#13;&#10;')"/>
    <xsl:for-each select="entry">
      <xsl:call-template name="cell"><xsl:with-param name="text" select="@name"/></xsl:call-template>,<xsl:call-template name="cell"><xsl:with-param name="text" select="@first"/></xsl:call-template>,<xsl:call-template name="cell"><xsl:with-param name="text" select="@last"/></xsl:call-template>,<xsl:call-template name="cell"><xsl:with-param name="text" select="@client"/></xsl:call-template>,<xsl:call-template name="cell"><xsl:with-param name="text" select="@title"/></xsl:call-template>,<xsl:call-template name="cell"><xsl:with-param name="text" select="@email"/></xsl:call-template>,<xsl:apply-templates select="." mode="number"><xsl:with-param name="slot" select="'work'"/></xsl:apply-templates>,<xsl:apply-templates select="." mode="number"><xsl:with-param name="slot" select="'mobile'"/></xsl:apply-templates>,<xsl:apply-templates select="." mode="number"><xsl:with-param name="slot" select="'internal'"/></xsl:apply-templates>,<xsl:apply-templates select="." mode="number"><xsl:with-param name="slot" select="'other'"/></xsl:apply-templates>
      <xsl:text>&#13;&#10;</xsl:text>
    </xsl:for-each>
  </xsl:template>

  <!-- Numbers are quoted; plus, digits, * and # alone make no formula. -->
  <xsl:template match="entry" mode="number">
    <xsl:param name="slot"/>
    <xsl:for-each select="number[@slot = $slot]">
      <xsl:text>"</xsl:text>
      <xsl:value-of select="."/>
      <xsl:if test="@extension"><xsl:value-of select="concat(' x', @extension)"/></xsl:if>
      <xsl:text>"</xsl:text>
    </xsl:for-each>
  </xsl:template>

  <!-- An apostrophe keeps a spreadsheet from running a text that begins like a formula. -->
  <xsl:template name="cell">
    <xsl:param name="text"/>
    <xsl:text>"</xsl:text>
    <xsl:if test="$text != '' and contains('=+-@', substring($text, 1, 1))">'</xsl:if>
    <xsl:choose>
      <xsl:when test="contains($text, $quote)"><xsl:value-of select="str:replace(string($text), $quote, concat($quote, $quote))"/></xsl:when>
      <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
    </xsl:choose>
    <xsl:text>"</xsl:text>
  </xsl:template>

  <xsl:variable name="quote">"</xsl:variable>
</xsl:stylesheet>
