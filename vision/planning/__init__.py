"""How many machines a catalogue and a load need, from what was measured."""
