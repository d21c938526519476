// The page of a file: its keys, its dialogs, its live figures. Everything it does by links and forms works without.

import "./figures.js";
import "./forms.js";
import "./keys.js";
