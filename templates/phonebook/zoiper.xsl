<?xml version="1.0" encoding="UTF-8"?>
<!-- Zoiper 5 XML contact service. Each Phone has two Types: the place, then the kind. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:template match="/book">
    <Contacts>
      <xsl:for-each select="entry">
        <Contact id="{@kind}-{@id}">
          <Name>
            <First><xsl:value-of select="@first"/></First>
            <Middle/>
            <Last><xsl:value-of select="@last"/></Last>
            <Display><xsl:value-of select="@name"/></Display>
          </Name>
          <xsl:for-each select="number">
            <Phone>
              <Type>Work</Type>
              <Type><xsl:value-of select="@word"/></Type>
              <Phone><xsl:value-of select="."/></Phone>
            </Phone>
          </xsl:for-each>
        </Contact>
      </xsl:for-each>
    </Contacts>
  </xsl:template>
</xsl:stylesheet>
