<?xml version="1.0" encoding="UTF-8"?>
<!-- FRITZ!Box phonebook, a file to import (Telephony > Telephone book > Restore). -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <phonebooks>
      <phonebook name="{@title}">
        <xsl:for-each select="entry">
          <contact>
            <category><xsl:value-of select="number(boolean(@important))"/></category>
            <person>
              <realName><xsl:value-of select="@name"/></realName>
            </person>
            <telephony>
              <xsl:for-each select="number">
                <number type="{@word}" prio="{number(position() = 1)}" id="{position() - 1}"><xsl:value-of select="."/></number>
              </xsl:for-each>
            </telephony>
            <services>
              <xsl:if test="@email"><email classifier="work"><xsl:value-of select="@email"/></email></xsl:if>
            </services>
            <setup/>
          </contact>
        </xsl:for-each>
      </phonebook>
    </phonebooks>
  </xsl:template>
</xsl:stylesheet>
