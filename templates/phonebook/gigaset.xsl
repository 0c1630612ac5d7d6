<?xml version="1.0" encoding="UTF-8"?>
<!-- Gigaset Phonebook Search Protocol 1.4: a window of entries, or an error with its number. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="no"/>
  <xsl:template match="/error">
    <error response="get_list" type="pr">
      <errorid>
        <xsl:choose>
          <xsl:when test="@status = 403">1</xsl:when>
          <xsl:when test="@status = 400">4</xsl:when>
          <xsl:otherwise>6</xsl:otherwise>
        </xsl:choose>
      </errorid>
      <message><xsl:value-of select="."/></message>
    </error>
  </xsl:template>

  <xsl:template match="/book">
    <list response="get_list">
      <xsl:attribute name="type">
        <xsl:choose>
          <xsl:when test="param[@name = 'type'] != ''"><xsl:value-of select="param[@name = 'type']"/></xsl:when>
          <xsl:otherwise>pr</xsl:otherwise>
        </xsl:choose>
      </xsl:attribute>
      <xsl:for-each select="param[@name = 'reqid']">
        <xsl:attribute name="reqid"><xsl:value-of select="."/></xsl:attribute>
      </xsl:for-each>
      <xsl:choose>
        <xsl:when test="entry">
          <xsl:attribute name="total"><xsl:value-of select="@total"/></xsl:attribute>
          <xsl:attribute name="first"><xsl:value-of select="@first"/></xsl:attribute>
          <xsl:attribute name="last"><xsl:value-of select="@last"/></xsl:attribute>
        </xsl:when>
        <xsl:otherwise>
          <xsl:attribute name="notfound">
            <xsl:choose>
              <xsl:when test="param[@name = 'hm'] != '' and param[@name = 'hm'] != '*'">hm</xsl:when>
              <xsl:otherwise>ln</xsl:otherwise>
            </xsl:choose>
          </xsl:attribute>
          <xsl:attribute name="total">0</xsl:attribute>
        </xsl:otherwise>
      </xsl:choose>
      <xsl:apply-templates select="entry"/>
    </list>
  </xsl:template>

  <!-- The last name stands there even when it is empty: a missing one has crashed a base. -->
  <xsl:template match="entry">
    <entry id="{/book/@first + position() - 1}">
      <ln><xsl:value-of select="@last"/></ln>
      <fn><xsl:value-of select="@first"/></fn>
      <xsl:if test="@client != ''"><cpn><xsl:value-of select="@client"/></cpn></xsl:if>
      <xsl:for-each select="number">
        <xsl:element name="{@slot}"><xsl:value-of select="."/></xsl:element>
      </xsl:for-each>
    </entry>
  </xsl:template>
</xsl:stylesheet>
