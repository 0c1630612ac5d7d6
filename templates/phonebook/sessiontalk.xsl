<?xml version="1.0" encoding="UTF-8"?>
<!-- Sessiontalk contacts API, its XML form (docs.sessiontalk.co.uk, "Contacts"). -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <Contacts>
      <xsl:apply-templates select="entry"/>
    </Contacts>
  </xsl:template>

  <xsl:template match="entry">
    <Contact>
      <Id><xsl:value-of select="concat(@kind, '-', @id)"/></Id>
      <FirstName><xsl:value-of select="@first"/></FirstName>
      <LastName><xsl:value-of select="@last"/></LastName>
      <xsl:if test="@email"><Email><string><xsl:value-of select="@email"/></string></Email></xsl:if>
      <Softphone><xsl:apply-templates select="number[@word = 'Softphone']"/></Softphone>
      <WorkNumber><xsl:apply-templates select="number[@word = 'WorkNumber']"/></WorkNumber>
      <MobileNumber><xsl:apply-templates select="number[@word = 'MobileNumber']"/></MobileNumber>
    </Contact>
  </xsl:template>

  <xsl:template match="number">
    <string><xsl:value-of select="."/></string>
  </xsl:template>
</xsl:stylesheet>
