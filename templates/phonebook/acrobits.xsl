<?xml version="1.0" encoding="UTF-8"?>
<!-- Acrobits Web Service Contacts (doc.acrobits.net, "Contacts JSON"). -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:bridge="https://itflow-bridge/xslt" exclude-result-prefixes="bridge">
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
    <xsl:value-of select="bridge:json(concat(@kind, '-', @id, '-', number[1]))"/>
    <xsl:text>,"displayName":</xsl:text>
    <xsl:value-of select="bridge:json(@name)"/>
    <xsl:text>,"fname":</xsl:text>
    <xsl:value-of select="bridge:json(@first)"/>
    <xsl:text>,"lname":</xsl:text>
    <xsl:value-of select="bridge:json(@last)"/>
    <xsl:text>,"company":</xsl:text>
    <xsl:value-of select="bridge:json(@client)"/>
    <xsl:if test="@title">
      <xsl:text>,"jobTitle":</xsl:text>
      <xsl:value-of select="bridge:json(@title)"/>
    </xsl:if>
    <xsl:text>,"contactEntries":[</xsl:text>
    <xsl:apply-templates select="number"/>
    <xsl:text>]}</xsl:text>
  </xsl:template>

  <xsl:template match="number">
    <xsl:if test="position() > 1">,</xsl:if>
    <xsl:value-of select="concat('{&quot;entryId&quot;:&quot;tel:', position() - 1, '&quot;,&quot;type&quot;:&quot;tel&quot;,&quot;label&quot;:')"/>
    <xsl:value-of select="bridge:json(@label)"/>
    <xsl:text>,"uri":</xsl:text>
    <xsl:value-of select="bridge:json(.)"/>
    <xsl:text>}</xsl:text>
  </xsl:template>
</xsl:stylesheet>
