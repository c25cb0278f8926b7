"""Finding and ranking: dense and lexical search, joined; LangChain's retriever."""
