// What exported functions answer when the library panics in them.
#pragma once

// Whether each answers with its failure value; what does not is printed.
bool CheckFailureValues();
