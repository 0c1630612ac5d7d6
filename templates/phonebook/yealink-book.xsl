<?xml version="1.0" encoding="UTF-8"?>
<!-- Yealink remote phone book with its groups in one file. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:key name="members" match="entry" use="@group"/>

  <xsl:template match="/book">
    <YealinkIPPhoneBook>
      <Title><xsl:value-of select="@title"/></Title>
      <xsl:for-each select="group">
        <Menu Name="{@name}">
          <xsl:apply-templates select="key('members', @id)"/>
        </Menu>
      </xsl:for-each>
      <xsl:if test="entry[not(@group)]">
        <Menu Name="{@title}">
          <xsl:apply-templates select="entry[not(@group)]"/>
        </Menu>
      </xsl:if>
    </YealinkIPPhoneBook>
  </xsl:template>

  <xsl:template match="entry">
    <Unit Name="{@name}" Phone1="{number[@slot = 'Phone1']}" Phone2="{number[@slot = 'Phone2']}" Phone3="{number[@slot = 'Phone3']}" default_photo="Resource:"/>
  </xsl:template>
</xsl:stylesheet>
