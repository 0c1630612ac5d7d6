<?xml version="1.0" encoding="UTF-8"?>
<!-- Grandstream address book: whole list, groups inside. Names are case-sensitive. Group 1 is the phone's own block list, and
     further low numbers may be its own, too. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:variable name="below" select="10"/>

  <xsl:template match="/book">
    <AddressBook>
      <version>1</version>
      <xsl:for-each select="group">
        <pbgroup>
          <id><xsl:value-of select="position() + $below"/></id>
          <name><xsl:value-of select="@name"/></name>
        </pbgroup>
      </xsl:for-each>
      <xsl:apply-templates select="entry"/>
    </AddressBook>
  </xsl:template>

  <!-- Both name elements always stand there; a company has a last name only. -->
  <xsl:template match="entry">
    <Contact>
      <id><xsl:value-of select="position()"/></id>
      <FirstName><xsl:value-of select="@first"/></FirstName>
      <LastName><xsl:value-of select="@last"/></LastName>
      <xsl:if test="@client != ''"><Company><xsl:value-of select="@client"/></Company></xsl:if>
      <Frequent><xsl:choose><xsl:when test="@important">1</xsl:when><xsl:otherwise>0</xsl:otherwise></xsl:choose></Frequent>
      <xsl:for-each select="number">
        <Phone type="{@word}">
          <phonenumber><xsl:value-of select="."/></phonenumber>
          <accountindex>0</accountindex>
        </Phone>
      </xsl:for-each>
      <xsl:if test="@group"><Group><xsl:value-of select="@group-position + $below"/></Group></xsl:if>
    </Contact>
  </xsl:template>
</xsl:stylesheet>
