"""What each command does once its words are parsed: call the façade, print. One file a topic."""
