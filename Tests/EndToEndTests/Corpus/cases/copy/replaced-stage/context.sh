mkdir ../tree; echo replaced > ../tree/f
