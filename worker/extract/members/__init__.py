"""Files within a document: walked in their order, each unpacked under a name of our own and opened."""
