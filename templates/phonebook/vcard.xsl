<?xml version="1.0" encoding="UTF-8"?>
<!-- vCard 3.0 (RFC 2426) and 4.0 (RFC 6350). Lines end in CR LF; the table folds them. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:str="http://exslt.org/strings" extension-element-prefixes="str">
  <xsl:output method="text" encoding="UTF-8"/>
  <xsl:param name="version" select="'4.0'"/>
  <!-- number: behind it; note: in a note, and the number alone, for clients that read nothing else as a number. -->
  <xsl:param name="extensions" select="'number'"/>
  <xsl:variable name="end" select="'&#13;&#10;'"/>

  <xsl:template match="/book">
    <xsl:apply-templates select="entry"/>
  </xsl:template>

  <xsl:template match="entry">
    <xsl:value-of select="concat('BEGIN:VCARD', $end, 'VERSION:', $version, $end)"/>
    <xsl:text>UID</xsl:text>
    <xsl:if test="$version = '4.0'">;VALUE=text</xsl:if>
    <xsl:value-of select="concat(':itflow-', @kind, '-', @id, $end)"/>
    <xsl:text>N:</xsl:text>
    <xsl:call-template name="value"><xsl:with-param name="text" select="@last"/></xsl:call-template>
    <xsl:text>;</xsl:text>
    <xsl:call-template name="value"><xsl:with-param name="text" select="@first"/></xsl:call-template>
    <xsl:value-of select="concat(';;;', $end)"/>
    <xsl:call-template name="line"><xsl:with-param name="name" select="'FN'"/><xsl:with-param name="text" select="@name"/></xsl:call-template>
    <xsl:if test="@client != ''">
      <xsl:text>ORG:</xsl:text>
      <xsl:call-template name="value"><xsl:with-param name="text" select="@client"/></xsl:call-template>
      <xsl:if test="@department">
        <xsl:text>;</xsl:text>
        <xsl:call-template name="value"><xsl:with-param name="text" select="@department"/></xsl:call-template>
      </xsl:if>
      <xsl:value-of select="$end"/>
    </xsl:if>
    <xsl:if test="@title">
      <xsl:call-template name="line"><xsl:with-param name="name" select="'TITLE'"/><xsl:with-param name="text" select="@title"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="@email">
      <xsl:call-template name="line"><xsl:with-param name="name" select="'EMAIL'"/><xsl:with-param name="text" select="@email"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="@group-name">
      <xsl:call-template name="line"><xsl:with-param name="name" select="'CATEGORIES'"/><xsl:with-param name="text" select="@group-name"/></xsl:call-template>
    </xsl:if>
    <xsl:apply-templates select="number"/>
    <xsl:if test="$extensions = 'note'">
      <xsl:for-each select="number[@extension]">
        <xsl:value-of select="concat('NOTE:', ., ' x', @extension, $end)"/>
      </xsl:for-each>
    </xsl:if>
    <xsl:value-of select="concat('END:VCARD', $end)"/>
  </xsl:template>

  <!-- A tel address must be global (RFC 3966); an extension of the phone system is plain text. -->
  <xsl:template match="number">
    <xsl:choose>
      <xsl:when test="$extensions = 'note'">
        <xsl:value-of select="concat('TEL;TYPE=', @word, ':', .)"/>
      </xsl:when>
      <xsl:when test="$version = '4.0' and starts-with(., '+')">
        <xsl:value-of select="concat('TEL;VALUE=uri;TYPE=', @word, ':tel:', .)"/>
        <xsl:if test="@extension"><xsl:value-of select="concat(';ext=', @extension)"/></xsl:if>
      </xsl:when>
      <xsl:otherwise>
        <xsl:value-of select="concat('TEL;TYPE=', @word, ':', .)"/>
        <xsl:if test="@extension"><xsl:value-of select="concat(' x', @extension)"/></xsl:if>
      </xsl:otherwise>
    </xsl:choose>
    <xsl:value-of select="$end"/>
  </xsl:template>

  <xsl:template name="line">
    <xsl:param name="name"/>
    <xsl:param name="text"/>
    <xsl:value-of select="concat($name, ':')"/>
    <xsl:call-template name="value"><xsl:with-param name="text" select="$text"/></xsl:call-template>
    <xsl:value-of select="$end"/>
  </xsl:template>

  <xsl:template name="value">
    <xsl:param name="text"/>
    <xsl:choose>
      <xsl:when test="contains($text, '\') or contains($text, ',') or contains($text, ';')">
        <xsl:variable name="slashed" select="str:replace(string($text), '\', '\\')"/>
        <xsl:value-of select="str:replace(str:replace($slashed, ',', '\,'), ';', '\;')"/>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>
</xsl:stylesheet>
