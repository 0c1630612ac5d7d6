<?xml version="1.0" encoding="UTF-8"?>
<!-- Mitel and Aastra directory list: name, number, line. A # outside of quotes begins a comment. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="text" encoding="UTF-8"/>
  <xsl:variable name="quote">"</xsl:variable>

  <xsl:template match="/book">
    <xsl:for-each select="entry">
      <xsl:value-of select="concat($quote, @name, $quote, ',')"/>
      <xsl:choose>
        <xsl:when test="contains(number, '#')"><xsl:value-of select="concat($quote, number, $quote)"/></xsl:when>
        <xsl:otherwise><xsl:value-of select="number"/></xsl:otherwise>
      </xsl:choose>
      <xsl:value-of select="concat(',1', '&#10;')"/>
    </xsl:for-each>
  </xsl:template>
</xsl:stylesheet>
