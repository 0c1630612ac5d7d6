<?xml version="1.0" encoding="UTF-8"?>
<!-- Mitel and Aastra XML: text menus that dial, and a search form. An object is no longer than 10,000 bytes. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="no"/>
  <xsl:template match="/book[@screen = 'menu']" priority="1">
    <AastraIPPhoneTextMenu style="none" destroyOnExit="yes">
      <Title><xsl:value-of select="@title"/></Title>
      <MenuItem>
        <Prompt>Search</Prompt>
        <URI><xsl:value-of select="link[@rel = 'search']/@href"/></URI>
      </MenuItem>
      <MenuItem>
        <Prompt>All</Prompt>
        <URI><xsl:value-of select="link[@rel = 'list']/@href"/></URI>
      </MenuItem>
      <xsl:for-each select="group">
        <MenuItem>
          <Prompt><xsl:value-of select="@name"/></Prompt>
          <URI><xsl:value-of select="@href"/></URI>
        </MenuItem>
      </xsl:for-each>
      <xsl:call-template name="pages"/>
    </AastraIPPhoneTextMenu>
  </xsl:template>

  <xsl:template match="/book[@screen = 'search']" priority="1">
    <AastraIPPhoneInputScreen type="string" editable="yes" destroyOnExit="yes">
      <Title>Search</Title>
      <Prompt>Name or number</Prompt>
      <URL><xsl:value-of select="link[@rel = 'list']/@href"/></URL>
      <Parameter>search</Parameter>
    </AastraIPPhoneInputScreen>
  </xsl:template>

  <xsl:template match="/book">
    <AastraIPPhoneTextMenu style="none" destroyOnExit="yes">
      <Title><xsl:value-of select="@title"/></Title>
      <xsl:for-each select="entry">
        <MenuItem>
          <Prompt><xsl:value-of select="@name"/></Prompt>
          <URI><xsl:value-of select="concat('Dial:', number)"/></URI>
        </MenuItem>
      </xsl:for-each>
      <xsl:if test="not(entry)">
        <MenuItem>
          <Prompt>No entries</Prompt>
          <URI><xsl:value-of select="link[@rel = 'menu']/@href"/></URI>
        </MenuItem>
      </xsl:if>
      <xsl:call-template name="pages"/>
    </AastraIPPhoneTextMenu>
  </xsl:template>

  <xsl:template name="pages">
    <xsl:for-each select="link[@rel = 'previous']">
      <MenuItem>
        <Prompt>Previous page</Prompt>
        <URI><xsl:value-of select="@href"/></URI>
      </MenuItem>
    </xsl:for-each>
    <xsl:for-each select="link[@rel = 'next']">
      <MenuItem>
        <Prompt>Next page</Prompt>
        <URI><xsl:value-of select="@href"/></URI>
      </MenuItem>
    </xsl:for-each>
  </xsl:template>
</xsl:stylesheet>
