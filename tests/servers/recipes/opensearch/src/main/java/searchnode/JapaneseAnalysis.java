package searchnode;

import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.StopFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ja.JapaneseAnalyzer;
import org.apache.lucene.analysis.ja.JapaneseBaseFormFilter;
import org.apache.lucene.analysis.ja.JapaneseIterationMarkCharFilter;
import org.apache.lucene.analysis.ja.JapaneseKatakanaStemFilter;
import org.apache.lucene.analysis.ja.JapaneseNumberFilter;
import org.apache.lucene.analysis.ja.JapanesePartOfSpeechStopFilter;
import org.apache.lucene.analysis.ja.JapaneseReadingFormFilter;
import org.apache.lucene.analysis.ja.JapaneseTokenizer;
import org.apache.lucene.analysis.ja.dict.UserDictionary;
import org.opensearch.common.settings.Settings;
import org.opensearch.index.analysis.AnalyzerProvider;
import org.opensearch.index.analysis.AnalyzerScope;
import org.opensearch.index.analysis.CharFilterFactory;
import org.opensearch.index.analysis.PreBuiltAnalyzerProvider;
import org.opensearch.index.analysis.TokenFilterFactory;
import org.opensearch.index.analysis.TokenizerFactory;
import org.opensearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.opensearch.plugins.AnalysisPlugin;
import org.opensearch.plugins.Plugin;

/**
 * What the plugin analysis-kuromoji calls its parts, over the Lucene classes that it wraps as well.
 *
 * <p>The plugin itself is not published for Maven. Settings have its names and its defaults; a dictionary is given
 * by user_dictionary_rules only, not as a file.
 */
public final class JapaneseAnalysis extends Plugin implements AnalysisPlugin {

    private static final String DEFAULT_WORDS = "_japanese_";

    @Override
    public Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> getAnalyzers() {
        return Map.of("kuromoji", (index, environment, name, settings) -> {
            Analyzer analyzer = new JapaneseAnalyzer(
                dictionary(settings), mode(settings), stopWords(settings), JapaneseAnalyzer.getDefaultStopTags());
            return new PreBuiltAnalyzerProvider(name, AnalyzerScope.INDEX, analyzer);
        });
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of("kuromoji_tokenizer", (index, environment, name, settings) -> {
            UserDictionary dictionary = dictionary(settings);
            JapaneseTokenizer.Mode mode = mode(settings);
            boolean noPunctuation = settings.getAsBoolean("discard_punctuation", true);
            boolean noCompounds = settings.getAsBoolean("discard_compound_token", false);
            return TokenizerFactory.newFactory(
                name, () -> new JapaneseTokenizer(dictionary, noPunctuation, noCompounds, mode));
        });
    }

    @Override
    public Map<String, AnalysisProvider<CharFilterFactory>> getCharFilters() {
        return Map.of("kuromoji_iteration_mark", (index, environment, name, settings) -> {
            boolean kanji = settings.getAsBoolean("normalize_kanji", true);
            boolean kana = settings.getAsBoolean("normalize_kana", true);
            return new NamedCharFilter(name, text -> new JapaneseIterationMarkCharFilter(text, kanji, kana));
        });
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
            "ja_stop", filter(JapaneseAnalysis::stop),
            "kuromoji_baseform", filter(settings -> JapaneseBaseFormFilter::new),
            "kuromoji_number", filter(settings -> JapaneseNumberFilter::new),
            "kuromoji_part_of_speech", filter(JapaneseAnalysis::partOfSpeech),
            "kuromoji_readingform", filter(JapaneseAnalysis::readingForm),
            "kuromoji_stemmer", filter(JapaneseAnalysis::stemmer));
    }

    private static UnaryOperator<TokenStream> stop(Settings settings) {
        CharArraySet words = stopWords(settings);
        return tokens -> new StopFilter(tokens, words);
    }

    private static UnaryOperator<TokenStream> partOfSpeech(Settings settings) {
        var tags = settings.hasValue("stoptags")
            ? new HashSet<>(settings.getAsList("stoptags"))
            : JapaneseAnalyzer.getDefaultStopTags();
        return tokens -> new JapanesePartOfSpeechStopFilter(tokens, tags);
    }

    private static UnaryOperator<TokenStream> readingForm(Settings settings) {
        boolean romaji = settings.getAsBoolean("use_romaji", false);
        return tokens -> new JapaneseReadingFormFilter(tokens, romaji);
    }

    private static UnaryOperator<TokenStream> stemmer(Settings settings) {
        int shortest = settings.getAsInt("minimum_length", JapaneseKatakanaStemFilter.DEFAULT_MINIMUM_LENGTH);
        return tokens -> new JapaneseKatakanaStemFilter(tokens, shortest);
    }

    private static JapaneseTokenizer.Mode mode(Settings settings) {
        return JapaneseTokenizer.Mode.valueOf(settings.get("mode", "search").toUpperCase(Locale.ROOT));
    }

    private static CharArraySet stopWords(Settings settings) {
        CharArraySet words = new CharArraySet(0, false);
        for (String word : settings.getAsList("stopwords", List.of(DEFAULT_WORDS))) {
            if (word.equals(DEFAULT_WORDS)) {
                words.addAll(JapaneseAnalyzer.getDefaultStopSet());
            } else {
                words.add(word);
            }
        }
        return words;
    }

    private static UserDictionary dictionary(Settings settings) {
        if (settings.hasValue("user_dictionary")) {
            throw new IllegalArgumentException("this node reads no user_dictionary file: give user_dictionary_rules");
        }
        List<String> rules = settings.getAsList("user_dictionary_rules");
        try {
            return rules.isEmpty() ? null : UserDictionary.open(new StringReader(String.join("\n", rules)));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private static AnalysisProvider<TokenFilterFactory> filter(Function<Settings, UnaryOperator<TokenStream>> made) {
        return (index, environment, name, settings) -> new NamedTokenFilter(name, made.apply(settings));
    }

    private record NamedTokenFilter(String name, UnaryOperator<TokenStream> wrap) implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream tokens) {
            return wrap.apply(tokens);
        }
    }

    private record NamedCharFilter(String name, UnaryOperator<Reader> wrap) implements CharFilterFactory {
        @Override
        public Reader create(Reader text) {
            return wrap.apply(text);
        }
    }
}
