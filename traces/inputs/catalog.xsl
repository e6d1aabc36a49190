<?xml version="1.0"?>
<!-- The books of a catalog by author. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="html" indent="yes"/>
  <xsl:key name="author" match="author" use="@ref"/>

  <xsl:template match="/catalog">
    <html>
      <body>
        <h1><xsl:value-of select="count(book)"/> books</h1>
        <xsl:for-each select="book/author[generate-id() = generate-id(key('author', @ref)[1])]">
          <xsl:sort select="."/>
          <xsl:sort select="@ref"/>
          <h2><xsl:value-of select="."/></h2>
          <xsl:apply-templates select="key('author', @ref)/.."/>
        </xsl:for-each>
      </body>
    </html>
  </xsl:template>

  <xsl:template match="book">
    <p id="{@id}" lang="{@lang}">
      <b><xsl:value-of select="normalize-space(title)"/></b>
      <xsl:apply-templates select="abstract"/>
    </p>
  </xsl:template>

  <xsl:template match="abstract"><q><xsl:apply-templates/></q></xsl:template>
  <xsl:template match="em"><i><xsl:value-of select="."/></i></xsl:template>
</xsl:stylesheet>
