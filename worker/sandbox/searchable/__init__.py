"""A searchable PDF made of an untrusted file, in a process of its own under the limits of a document."""
