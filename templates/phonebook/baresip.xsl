<?xml version="1.0" encoding="UTF-8"?>
<!-- baresip's file of contacts: a name and a SIP address in each line; # begins a comment. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:str="http://exslt.org/strings" extension-element-prefixes="str">
  <xsl:output method="text" encoding="UTF-8"/>
  <xsl:variable name="asked" select="string(/book/param[@name = 'domain'])"/>

  <xsl:template match="/book">
    <xsl:variable name="domain">
      <xsl:choose>
        <!-- What is no name of a host would begin another address, or another line. -->
        <xsl:when test="$asked != '' and translate($asked, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]', '') = ''">
          <xsl:value-of select="$asked"/>
        </xsl:when>
        <xsl:otherwise>localhost</xsl:otherwise>
      </xsl:choose>
    </xsl:variable>
    <xsl:if test="$domain = 'localhost'">
      <xsl:text># The SIP domain of your account is missing: add &amp;domain=pbx.example to the address of this book.&#10;</xsl:text>
    </xsl:if>
    <xsl:for-each select="entry">
      <xsl:value-of select="concat('&quot;', @name, '&quot; &lt;sip:', str:replace(string(number), '#', '%23'), '@', $domain, '&gt;&#10;')"/>
    </xsl:for-each>
  </xsl:template>
</xsl:stylesheet>
