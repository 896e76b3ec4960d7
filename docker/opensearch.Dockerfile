# OpenSearch as the tests need it: the stock image has k-NN, and lacks the Japanese analyzer.
FROM opensearchproject/opensearch:2.19.1
RUN /usr/share/opensearch/bin/opensearch-plugin install --batch analysis-kuromoji
