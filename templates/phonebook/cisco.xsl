<?xml version="1.0" encoding="UTF-8"?>
<!-- Cisco XML services: a menu, a search form, and a directory of 32 entries a page. Custom soft keys replace all of the
     phone's own. Titles and prompts have 32 characters (CiscoIPPhone.xsd 3.3.4), names of menu items 64. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book[@screen = 'menu']" priority="1">
    <CiscoIPPhoneMenu>
      <Title><xsl:value-of select="substring(@title, 1, 32)"/></Title>
      <Prompt>Choose</Prompt>
      <xsl:for-each select="link[@rel = 'search']">
        <MenuItem>
          <Name>Search</Name>
          <URL><xsl:value-of select="@href"/></URL>
        </MenuItem>
      </xsl:for-each>
      <xsl:for-each select="link[@rel = 'list']">
        <MenuItem>
          <Name>All</Name>
          <URL><xsl:value-of select="@href"/></URL>
        </MenuItem>
      </xsl:for-each>
      <xsl:for-each select="group[@href]">
        <MenuItem>
          <Name><xsl:value-of select="substring(@name, 1, 64)"/></Name>
          <URL><xsl:value-of select="@href"/></URL>
        </MenuItem>
      </xsl:for-each>
      <xsl:for-each select="link[@rel = 'next']">
        <MenuItem>
          <Name>More</Name>
          <URL><xsl:value-of select="@href"/></URL>
        </MenuItem>
      </xsl:for-each>
    </CiscoIPPhoneMenu>
  </xsl:template>

  <xsl:template match="/book[@screen = 'search']" priority="1">
    <CiscoIPPhoneInput>
      <Title>Search</Title>
      <Prompt>Name or number</Prompt>
      <URL><xsl:value-of select="link[@rel = 'list']/@href"/></URL>
      <InputItem>
        <DisplayName>Name</DisplayName>
        <QueryStringParam>search</QueryStringParam>
        <DefaultValue/>
        <InputFlags>A</InputFlags>
      </InputItem>
    </CiscoIPPhoneInput>
  </xsl:template>

  <xsl:template match="/book">
    <CiscoIPPhoneDirectory>
      <Title><xsl:value-of select="substring(@title, 1, 32)"/></Title>
      <Prompt><xsl:value-of select="concat(@first, '-', @last, ' of ', @total)"/></Prompt>
      <xsl:for-each select="entry">
        <DirectoryEntry>
          <Name><xsl:value-of select="@name"/></Name>
          <Telephone><xsl:value-of select="number"/></Telephone>
        </DirectoryEntry>
      </xsl:for-each>
      <xsl:if test="not(entry)">
        <DirectoryEntry>
          <Name>No entries</Name>
          <Telephone/>
        </DirectoryEntry>
      </xsl:if>
      <SoftKeyItem><Name>Dial</Name><URL>SoftKey:Dial</URL><Position>1</Position></SoftKeyItem>
      <SoftKeyItem><Name>EditDial</Name><URL>SoftKey:EditDial</URL><Position>2</Position></SoftKeyItem>
      <SoftKeyItem><Name>Exit</Name><URL>SoftKey:Exit</URL><Position>3</Position></SoftKeyItem>
      <xsl:variable name="next" select="count(link[@rel = 'next'])"/>
      <xsl:variable name="previous" select="count(link[@rel = 'previous'])"/>
      <xsl:for-each select="link[@rel = 'next']">
        <SoftKeyItem><Name>Next</Name><URL><xsl:value-of select="@href"/></URL><Position>4</Position></SoftKeyItem>
      </xsl:for-each>
      <xsl:for-each select="link[@rel = 'previous']">
        <SoftKeyItem><Name>Previous</Name><URL><xsl:value-of select="@href"/></URL><Position><xsl:value-of select="4 + $next"/></Position></SoftKeyItem>
      </xsl:for-each>
      <xsl:for-each select="link[@rel = 'search']">
        <SoftKeyItem><Name>Search</Name><URL><xsl:value-of select="@href"/></URL><Position><xsl:value-of select="4 + $next + $previous"/></Position></SoftKeyItem>
      </xsl:for-each>
    </CiscoIPPhoneDirectory>
  </xsl:template>
</xsl:stylesheet>
