// Habits of the real hubs that scripts and libraries have to live with. All are on, in every
// generation; a test that is about something else may do without one.
#pragma once

#include <string>

namespace hub {

struct Habits {
  // vh.KickUser makes texts of its notes, so a NULL there is an exception and nobody is kicked; an
  // address is meant for the operator's connection, which a robot has not, so the hub dies; and who
  // is not kicked after all is answered with 1 too.
  bool kick = true;
  // SetMyINFOFlag, UnsetMyINFOFlag and ParseCommand unpack a number into an int that lies just
  // below pointers.
  bool ints = true;
  // main() installs its handler for SIGSEGV when the scripts are loaded. It sends OnUnLoad(9) and
  // ends the process with 139.
  bool late_signals = true;
  // Nobody handles SIGTERM: no script is told or unloaded.
  bool sigterm = true;
  // SetConfig sets, and answers NULL.
  bool set_config = true;
  // Of a MyINFO that a script answers only the mail is taken.
  bool my_info = true;
  // A nick of another length that a script answers to chat shifts the text of the line.
  bool chat = true;
  // OnParsedMsgAnyEx never comes.
  bool any_ex = true;
};

// Switches a habit off. False when there is none of that name.
bool DoWithout(Habits* habits, const std::string& name);
// All names with what each is, for a help text.
std::string HabitsHelp();

// A chat line after a script has answered another nick and text: what the hub with the habit `chat`
// makes of "<nick> text".
struct ChatLine {
  std::string nick, text;
};
ChatLine ReplacedInPlace(const ChatLine& before, const ChatLine& after);

}  // namespace hub
