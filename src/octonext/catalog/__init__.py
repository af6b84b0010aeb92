"""The catalogue at head office: products, barcodes, categories, prices and costs."""
