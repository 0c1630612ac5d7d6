<?xml version="1.0" encoding="UTF-8"?>
<!-- Grandstream address book of old firmware, and Avaya E129: accounts count from 1, no types. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <AddressBook>
      <xsl:apply-templates select="entry"/>
    </AddressBook>
  </xsl:template>

  <!-- Group 2 is Work on every phone; others exist only where somebody made them by hand. -->
  <xsl:template match="entry">
    <Contact>
      <LastName><xsl:value-of select="@last"/></LastName>
      <FirstName><xsl:value-of select="@first"/></FirstName>
      <xsl:for-each select="number">
        <Phone>
          <phonenumber><xsl:value-of select="."/></phonenumber>
          <accountindex>1</accountindex>
        </Phone>
      </xsl:for-each>
      <Groups>
        <groupid>2</groupid>
      </Groups>
    </Contact>
  </xsl:template>
</xsl:stylesheet>
