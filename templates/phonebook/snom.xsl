<?xml version="1.0" encoding="UTF-8"?>
<!-- Snom minibrowser: a menu, a search form whose token stands in the address, and menus of entries that dial. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book[@screen = 'menu']" priority="1">
    <SnomIPPhoneMenu>
      <Title><xsl:value-of select="@title"/></Title>
      <MenuItem name="Search">
        <Url><xsl:value-of select="link[@rel = 'search']/@href"/></Url>
      </MenuItem>
      <MenuItem name="All">
        <Url><xsl:value-of select="link[@rel = 'list']/@href"/></Url>
      </MenuItem>
      <xsl:for-each select="group">
        <MenuItem name="{@name}">
          <Url><xsl:value-of select="@href"/></Url>
        </MenuItem>
      </xsl:for-each>
      <xsl:call-template name="pages"/>
    </SnomIPPhoneMenu>
  </xsl:template>

  <xsl:template match="/book[@screen = 'search']" priority="1">
    <SnomIPPhoneInput>
      <Title>Search</Title>
      <Prompt>Name or number</Prompt>
      <Url><xsl:value-of select="concat(link[@rel = 'list']/@href, link[@rel = 'list']/@query, 'search=__X__')"/></Url>
      <InputItem>
        <DisplayName>Name or number</DisplayName>
        <InputToken>__X__</InputToken>
        <DefaultValue/>
        <InputFlags>a</InputFlags>
      </InputItem>
    </SnomIPPhoneInput>
  </xsl:template>

  <xsl:template match="/book">
    <SnomIPPhoneMenu>
      <Title><xsl:value-of select="@title"/></Title>
      <xsl:for-each select="entry">
        <MenuItem name="{@name}">
          <Url><xsl:value-of select="concat('snom://mb_nop#numberdial=', number)"/></Url>
          <ExtraText><xsl:value-of select="number"/></ExtraText>
        </MenuItem>
      </xsl:for-each>
      <xsl:if test="not(entry)">
        <MenuItem name="No entries">
          <Url>snom://mb_nop</Url>
        </MenuItem>
      </xsl:if>
      <xsl:call-template name="pages"/>
    </SnomIPPhoneMenu>
  </xsl:template>

  <xsl:template name="pages">
    <xsl:for-each select="link[@rel = 'previous']">
      <SoftKeyItem><Name>F3</Name><Label>Back</Label><URL><xsl:value-of select="@href"/></URL></SoftKeyItem>
    </xsl:for-each>
    <xsl:for-each select="link[@rel = 'next']">
      <SoftKeyItem><Name>F4</Name><Label>Next</Label><URL><xsl:value-of select="@href"/></URL></SoftKeyItem>
    </xsl:for-each>
  </xsl:template>
</xsl:stylesheet>
