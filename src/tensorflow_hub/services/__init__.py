"""How tfhub.dev, Kaggle and Hugging Face name models, and where the models of tfhub.dev are now."""
