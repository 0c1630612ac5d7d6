<?xml version="1.0" encoding="UTF-8"?>
<!-- Snom tbook 2.0, for Remote XML Directory. As in the maker's sample without complete="true": with it a phone may drop the
     contacts that its user typed. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <tbook e="2" version="2.0">
      <xsl:for-each select="entry">
        <contact fav="false" vip="{boolean(@important)}" blocked="false">
          <first_name><xsl:value-of select="@first"/></first_name>
          <last_name><xsl:value-of select="@last"/></last_name>
          <xsl:if test="@client != ''"><organization><xsl:value-of select="@client"/></organization></xsl:if>
          <xsl:if test="@group"><group><xsl:value-of select="@group-name"/></group></xsl:if>
          <numbers>
            <xsl:for-each select="number">
              <number no="{.}" type="{@word}" outgoing_id="0"/>
            </xsl:for-each>
          </numbers>
        </contact>
      </xsl:for-each>
    </tbook>
  </xsl:template>
</xsl:stylesheet>
