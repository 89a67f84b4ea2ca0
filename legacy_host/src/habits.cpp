// Habits of the real hubs that scripts and libraries have to live with.
#include "habits.h"

#include <algorithm>

namespace hub {

namespace {

struct Name {
  const char* name;
  bool Habits::*habit;
  const char* help;
};

constexpr Name kNames[] = {
    {"kick", &Habits::kick, "KickUser fails without notes, and dies of a robot and an address"},
    {"ints", &Habits::ints, "three functions read numbers into ints beside pointers"},
    {"late-signals", &Habits::late_signals, "SIGSEGV is handled when the scripts are loaded"},
    {"sigterm", &Habits::sigterm, "SIGTERM ends the hub without a word to the scripts"},
    {"set-config", &Habits::set_config, "SetConfig answers that it failed"},
    {"my-info", &Habits::my_info, "only the mail of a changed MyINFO is taken"},
    {"chat", &Habits::chat, "a changed nick in chat shifts the text"},
    {"any-ex", &Habits::any_ex, "OnParsedMsgAnyEx never comes"},
};

}  // namespace

bool DoWithout(Habits* habits, const std::string& name) {
  for (const Name& known : kNames) {
    if (name != known.name) continue;
    habits->*known.habit = false;
    return true;
  }
  return false;
}

std::string HabitsHelp() {
  std::string help;
  for (const Name& known : kNames) {
    std::string name = known.name;
    name.resize(20, ' ');
    help += "  " + name + known.help + '\n';
  }
  return help;
}

// The hub remembers where nick and text begin and how long they are, and puts the new ones there
// one after the other.
ChatLine ReplacedInPlace(const ChatLine& before, const ChatLine& after) {
  std::string line = '<' + before.nick + "> " + before.text;
  line.replace(1, before.nick.size(), after.nick);
  const size_t place = std::min(before.nick.size() + 3, line.size());
  line.replace(place, before.text.size(), after.text);
  const size_t end = line.find("> ");
  if (end == std::string::npos) return {after.nick, line};
  return {line.substr(1, end - 1), line.substr(end + 2)};
}

}  // namespace hub
