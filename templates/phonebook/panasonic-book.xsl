<?xml version="1.0" encoding="UTF-8"?>
<!-- Panasonic KX-HDV and TGP600, the book at XML_PHONEBOOK_URL: the directory of a BroadWorks group, 1 to 1,000 records. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <Group>
      <startIndex>1</startIndex>
      <numberOfRecords><xsl:value-of select="count(entry)"/></numberOfRecords>
      <totalAvailableRecords><xsl:value-of select="count(entry)"/></totalAvailableRecords>
      <groupDirectory>
        <xsl:for-each select="entry">
          <directoryDetails>
            <firstName><xsl:value-of select="@first"/></firstName>
            <lastName><xsl:value-of select="@last"/></lastName>
            <number><xsl:value-of select="number[@slot = 'number']"/></number>
            <extension><xsl:value-of select="number[@slot = 'extension']"/></extension>
            <mobile><xsl:value-of select="number[@slot = 'mobile']"/></mobile>
          </directoryDetails>
        </xsl:for-each>
      </groupDirectory>
    </Group>
  </xsl:template>
</xsl:stylesheet>
