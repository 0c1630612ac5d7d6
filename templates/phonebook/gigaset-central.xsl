<?xml version="1.0" encoding="UTF-8"?>
<!-- Gigaset central phonebook: two landlines, two mobiles, two at home. The maker's page shows this document type. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="no"/>
  <xsl:template match="/book">
    <xsl:text disable-output-escaping="yes">&lt;!DOCTYPE LocalDirectory&gt;</xsl:text>
    <list>
      <xsl:for-each select="entry">
        <entry surname="{@last}" name="{@first}" office1="{number[@slot = 'office1']}" office2="{number[@slot = 'office2']}" mobile1="{number[@slot = 'mobile1']}" mobile2="{number[@slot = 'mobile2']}" home1="{number[@slot = 'home1']}" home2="{number[@slot = 'home2']}"/>
      </xsl:for-each>
    </list>
  </xsl:template>
</xsl:stylesheet>
