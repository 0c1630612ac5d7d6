<?xml version="1.0" encoding="UTF-8"?>
<!-- Digium D-series contacts file, a contacts element for each group. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="no"/>
  <xsl:key name="members" match="entry" use="@group"/>

  <xsl:template match="/book">
    <phonebooks>
      <xsl:for-each select="group">
        <contacts group_name="{@name}" id="{position()}" editable="0">
          <xsl:apply-templates select="key('members', @id)"/>
        </contacts>
      </xsl:for-each>
      <xsl:if test="not(group)">
        <contacts group_name="{@title}" id="1" editable="0">
          <xsl:apply-templates select="entry"/>
        </contacts>
      </xsl:if>
    </phonebooks>
  </xsl:template>

  <xsl:template match="entry">
    <contact first_name="{@first}" last_name="{@last}" organization="{@client}" account_id="{number}" contact_type="sip">
      <numbers>
        <xsl:for-each select="number">
          <number dial="{.}" dial_prefix="" label="{@word}">
            <xsl:if test="position() = 1"><xsl:attribute name="primary">1</xsl:attribute></xsl:if>
          </number>
        </xsl:for-each>
      </numbers>
    </contact>
  </xsl:template>
</xsl:stylesheet>
