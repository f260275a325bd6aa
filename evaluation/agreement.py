"""Are the words that an explanation names those that people name?"""
import compat  # noqa: F401  (before Chainer)

from typing import NamedTuple

import numpy as np

from evaluation import estimates, trust
from evaluation.asked import ask
from evaluation.explanations import METHODS, scores_of
from evaluation.stability import mean_agreement
from evaluation.tables import Table
from files import lexicons, rationales
from files.catalogue import POLARITY
from files.downloads import place_of
from metrics import agreement, bootstrap
from text_datasets import Example

HUMMINGBIRD = 'rationales/hummingbird_sentiment.tsv'
TWEETS = 'rationales/tweet_sentiment_extraction.csv'
OPINIONS = 'opinion-lexicon-English'
WORD_LABELS = 'sst_word_labels.tsv'
RIVAL = 'logodds'
# Column -> of the scores of a text and the words that people marked
MARKED = {'top word': agreement.top_hit,
          'average precision': agreement.expected_average_precision,
          'F1': agreement.token_f1, 'IOU F1': agreement.iou_f1}
SHOWN = 'F1'  # compared with RIVAL
SIGNS = np.array([-1., 1.])  # of POLARITY


class Judged(NamedTuple):
    """Texts with rationales that the run classifies as people did.

    Attributes:
        rationales (list of Rationale): n of them.
        scores (dict): Method to a list of n floats (L_i - 1,).
        n_all (int): Texts with rationales before the wrong ones were left
            out.
    """

    rationales: list
    scores: dict
    n_all: int


def measure(setting):
    """The part ``agreement``.

    Args:
        setting (Setting): What to evaluate.

    Returns:
        list of Table: A table for each source of rationales that fits the
        run, then words (of sentiment lexicons) and ratings.
    """
    tables = []
    for name, title, found in sources(setting):
        judged = judge(setting, found)
        if judged.rationales:
            tables.append(with_people(setting, name, title, judged))
    if _is_sentiment(setting):
        tables += with_lexicons(setting)
    return [*tables, *with_ratings(setting)]


# --------------------------------------------------------------- rationales

def sources(setting):
    """Name, title and rationales of all that fits the run and is at hand."""
    path = place_of(HUMMINGBIRD, setting.data_dir)
    if path and _is_sentiment(setting):
        yield ('hummingbird', 'three people’s word scores (Hummingbird)',
               rationales.read_hummingbird(path, raw=True))
    path = place_of(TWEETS, setting.data_dir)
    if path and setting.run.args['dataset'] == 'tweets':
        tested = {example.texts[0] for example in setting.examples}
        yield ('tweets', 'the words that people chose (Tweet Sentiment '
               'Extraction), test tweets',
               [each for each in rationales.read_tweets(path)
                if each.words in tested][:setting.n_texts])
    if setting.rationales:
        yield ('own', f'rationales of {setting.rationales}',
               rationales.read_user_rationales(setting.rationales))


def judge(setting, found):
    """Scores of the texts that all predictors classify as people did.

    Args:
        setting (Setting): What is evaluated.
        found (list of Rationale): Texts; those without a word that speaks
            for the label are left out, and those that the run has seen
            (``seen``).

    Returns:
        Judged: Perhaps of no text.
    """
    names = list(setting.run.data.label_names)
    known = seen(setting.run.data)
    kept = [each for each in found if (each.support > 0).any()
            and each.label in (*names, *range(len(names)))
            and _letters(each.words) not in known]
    if not kept:
        return Judged([], {}, len(found))
    labels = [names.index(each.label) if isinstance(each.label, str)
              else each.label for each in kept]
    asked = ask(setting.run, setting.dknn, [
        Example((each.words,), label)
        for each, label in zip(kept, labels, strict=True)])
    right = np.flatnonzero((asked.label == labels)
                           & (asked.counted.label == labels)
                           & (asked.soft.label == labels))
    if not len(right):
        return Judged([], {}, len(found))
    return Judged([kept[i] for i in right],
                  scores_of(setting.scorer, asked.xs.select(right), METHODS),
                  len(found))


def seen(data):
    """What a run was trained, tuned or calibrated on.

    Args:
        data (text_datasets.Dataset): Its splits.

    Returns:
        set of tuple: Of each text the words with a letter, in lower case,
        for other files split and mark words in other ways.
    """
    return {_letters(words) for split in (data.train, data.valid, data.calib)
            for example in split for words in example.texts}


def _letters(words):
    letters = (''.join(filter(str.isalpha, word.lower())) for word in words)
    return tuple(filter(None, letters))


def with_people(setting, name, title, judged):
    """A row a method: how well it finds what people marked."""
    scores = dict(judged.scores)
    alone = _lexicon_alone(setting, judged.rationales)
    if alone:
        scores['opinion lexicon'] = alone
    counts = bootstrap.resampled_counts(len(judged.rationales),
                                        seed=setting.seed)
    marked = [each.support > 0 for each in judged.rationales]
    found = {method: {column: np.array([
        measured(own, mask) for own, mask in zip(texts, marked, strict=True)])
        for column, measured in MARKED.items()}
        for method, texts in scores.items()}
    rows = []
    for method, columns in found.items():
        gap = None if method == RIVAL else bootstrap.difference_estimate(
            columns[SHOWN], found[RIVAL][SHOWN], counts)
        rows.append((method, [
            mean_agreement([each.support for each in judged.rationales],
                         scores[method], setting.seed),
            *(bootstrap.mean_estimate(values, counts)
              for values in columns.values()), gap]))
    return Table(
        name, f'agreement with {title}',
        ['Spearman', *MARKED, f'{SHOWN} minus {RIVAL}'], rows,
        f'{len(judged.rationales):,} of {judged.n_all:,} texts: those with a '
        'marked word that all predictors classify as people did, none that '
        'the run was trained, tuned or calibrated on; Spearman without texts '
        'in which all words are alike')


def _lexicon_alone(setting, found):
    """Scores of the opinion lexicon itself; None where it is not here."""
    words = opinions(setting)
    if words is None or not _is_sentiment(setting):
        return None
    names = setting.run.data.label_names
    against = 'negative', names.index('negative')
    return [np.array([words.get(word, 0) for word in each.words])
            * (-1 if each.label in against else 1) for each in found]


# ----------------------------------------------------------------- lexicons

def opinions(setting):
    """The opinion lexicon as word to 1 or -1; None where it is not here."""
    path = place_of(OPINIONS, setting.data_dir)
    if not path:
        return None
    return {word: value for sign, value in zip(POLARITY, SIGNS, strict=True)
            for word in lexicons.read_opinion_lexicon(path)[sign]}


def word_values(setting):
    """Title of each lexicon at hand and its dict of word to value."""
    found = {'opinion lexicon': opinions(setting)}
    path = place_of(WORD_LABELS, setting.data_dir)
    if path:
        found['Treebank labels'] = lexicons.in_lower_case(
            lexicons.read_word_labels(path))
    path = place_of(lexicons.VADER.file, setting.data_dir)
    if path:
        found['VADER ratings'] = lexicons.in_lower_case(
            lexicons.read_vader_words(path))
    return {title: values for title, values in found.items() if values}


def with_lexicons(setting):
    """Top words and rank correlation with what words say by themselves."""
    values, explained = word_values(setting), setting.explained
    if not values or not len(explained.rows):
        return []
    counts = bootstrap.resampled_counts(len(explained.rows),
                                        seed=setting.seed)
    signs = SIGNS[[POLARITY.index(setting.run.data.label_names[y])
                   for y in explained.targets]]
    words = [setting.examples[i].texts[0] for i in explained.rows]
    support = {title: [sign * np.array([known.get(word, 0.) for word in text])
                       for sign, text in zip(signs, words, strict=True)]
               for title, known in values.items()}
    rows = []
    for method, scores in explained.scores.items():
        cells = []
        for wanted in support.values():
            hits = np.array([
                agreement.top_share(own, towards > 0)
                for own, towards in zip(scores, wanted, strict=True)])
            cells += [bootstrap.mean_estimate(hits, counts),
                      mean_agreement(wanted, scores, setting.seed)]
        rows.append((method, cells))
    columns = [f'{title}: {what}' for title in support
               for what in ('top word', 'Spearman')]
    return [Table('words', 'agreement with what words say by themselves',
                  columns, rows,
                  f'{len(words):,} texts; how often the top word speaks for '
                  'the class explained, and the mean rank correlation')]


# ------------------------------------------------------------------ ratings

def with_ratings(setting):
    """Do scores go with how strongly people felt, and how they differed?"""
    ratings = (setting.run.data.ratings or {}).get(setting.split)
    if not ratings:
        return []
    mean, deviation = np.array(ratings[:len(setting.labels)]).T
    rows = []
    for name in ('softmax confidence', 'conformity', 'credibility',
                 'soft conformity'):
        score = trust.SCORES[name](setting)(setting.asked)
        rows.append((name, [estimates.statistic(
            agreement.spearman, setting.counts[:200], score, people)
            for people in (abs(mean), deviation)]))
    return [Table('ratings', 'rank correlation with people’s ratings',
                  ['strength', 'disagreement'], rows,
                  'strength: |mean rating|; disagreement: standard deviation '
                  'of about 20 ratings')]


def _is_sentiment(setting):
    data = setting.run.data
    return not data.pair and set(data.label_names) == set(POLARITY)
