<?xml version="1.0" encoding="UTF-8"?>
<!-- Acrobits Web Service Contacts (doc.acrobits.net, "Contacts JSON"). -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:str="http://exslt.org/strings" extension-element-prefixes="str">
  <xsl:output method="text" encoding="UTF-8"/>

  <xsl:template match="/book">
    <xsl:text>{"contacts":[</xsl:text>
    <xsl:apply-templates select="entry"/>
    <xsl:text>]}</xsl:text>
  </xsl:template>

  <xsl:template match="entry">
    <xsl:if test="position() > 1">,</xsl:if>
    <xsl:text>{"contactId":</xsl:text>
    <!-- An entry with many numbers may stand here more than once, and each needs an id of its own. -->
    <xsl:call-template name="string">
      <xsl:with-param name="text" select="concat(@kind, '-', @id, '-', number[1])"/>
    </xsl:call-template>
    <xsl:text>,"displayName":</xsl:text>
    <xsl:call-template name="string"><xsl:with-param name="text" select="@name"/></xsl:call-template>
    <xsl:text>,"fname":</xsl:text>
    <xsl:call-template name="string"><xsl:with-param name="text" select="@first"/></xsl:call-template>
    <xsl:text>,"lname":</xsl:text>
    <xsl:call-template name="string"><xsl:with-param name="text" select="@last"/></xsl:call-template>
    <xsl:text>,"company":</xsl:text>
    <xsl:call-template name="string"><xsl:with-param name="text" select="@client"/></xsl:call-template>
    <xsl:if test="@title">
      <xsl:text>,"jobTitle":</xsl:text>
      <xsl:call-template name="string"><xsl:with-param name="text" select="@title"/></xsl:call-template>
    </xsl:if>
    <xsl:text>,"contactEntries":[</xsl:text>
    <xsl:apply-templates select="number"/>
    <xsl:text>]}</xsl:text>
  </xsl:template>

  <xsl:template match="number">
    <xsl:if test="position() > 1">,</xsl:if>
    <xsl:value-of select="concat('{&quot;entryId&quot;:&quot;tel:', position() - 1, '&quot;,&quot;type&quot;:&quot;tel&quot;,&quot;label&quot;:')"/>
    <xsl:call-template name="string"><xsl:with-param name="text" select="@label"/></xsl:call-template>
    <xsl:text>,"uri":</xsl:text>
    <xsl:call-template name="string"><xsl:with-param name="text" select="."/></xsl:call-template>
    <xsl:text>}</xsl:text>
  </xsl:template>

  <!-- RFC 8259, 7: the document has no control characters, so two characters are left to escape. -->
  <xsl:template name="string">
    <xsl:param name="text"/>
    <xsl:value-of select="concat('&quot;', str:replace(str:replace(string($text), '\', '\\'), '&quot;', '\&quot;'), '&quot;')"/>
  </xsl:template>
</xsl:stylesheet>
