// The program's command line.
#include "options.h"

#include <optional>

#include "text.h"

namespace hub {

namespace {

long NumberIn(const std::string& option, const std::string& value, long least, long most) {
  const auto number = ParseNumber(value);
  if (!number || *number < least || *number > most) {
    throw OptionsError(option + " takes a number from " + std::to_string(least) + " to " +
                       std::to_string(most) + ", not '" + value + "'");
  }
  return *number;
}

Generation GenerationOf(const std::string& value) {
  if (value == "classic") return Generation::kClassic;
  if (value == "bidirectional") return Generation::kBidirectional;
  if (value == "python3") return Generation::kPython3;
  throw OptionsError("--generation is classic, bidirectional or python3, not '" + value + "'");
}

void Apply(Options* options, const std::string& name, const std::string& value) {
  if (name == "--config") {
    options->config_dir = value;
  } else if (name == "--library") {
    options->library = value;
  } else if (name == "--listen") {
    options->listen = value;
  } else if (name == "--port") {
    options->port = static_cast<int>(NumberIn(name, value, 0, 65535));
  } else if (name == "--name") {
    options->name = value;
  } else if (name == "--topic") {
    options->topic = value;
  } else if (name == "--encoding") {
    options->encoding = value;
  } else if (name == "--generation") {
    options->generation = GenerationOf(value);
  } else if (name == "--transcript") {
    options->transcript = value;
  } else if (name == "--log-level") {
    options->log_level = static_cast<int>(NumberIn(name, value, 0, 6));
  } else if (name == "--without-habit") {
    if (!DoWithout(&options->habits, value)) {
      throw OptionsError("--without-habit: there is no '" + value + "'; see --help");
    }
  } else if (name == "--register") {
    options->account_files.push_back(value);
  } else {
    throw OptionsError("there is no option '" + name + "'; see --help");
  }
}

}  // namespace

Options ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name == "--help") {
      options.help = true;
      return options;
    }
    std::optional<std::string> value;
    const size_t equals = name.find('=');
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    if (!value) throw OptionsError("'" + name + "' is no option, or lacks its value; see --help");
    Apply(&options, name, *value);
  }
  if (options.config_dir.empty()) throw OptionsError("--config DIR is needed; see --help");
  return options;
}

std::string HelpText() {
  return std::string() +
         R"(vh_hub: a small NMDC hub that runs Python scripts through libvh_python_wrapper.so.

  --config DIR        the hub's folder, made when missing: scripts/ and hub.db (needed)
  --library FILE      the wrapper; else VH_LIBRARY, else ../lib beside this program, else by name
  --listen ADDRESS    IPv4 address to listen on (127.0.0.1)
  --port N            port to listen on, 0 for any free one (4111)
  --name TEXT         the hub's name, kept in hub.db
  --topic TEXT        the hub's topic, kept in hub.db
  --encoding NAME     encoding of the clients' texts, as scripts see it: UTF-8, CP1251, ...
  --generation NAME   behave like this hub: classic, bidirectional or python3 (python3)
  --transcript FILE   write every call between hub and library, in a form that can be compared
  --log-level 0..6    how much the hub and the wrapper log (1)
  --register FILE     register the nicks of a file that only you may read, or change them; its
                      lines are NICK CLASS PASSWORD, and - is standard input; may be repeated
  --without-habit NAME
                      do without a habit of the real hubs, see below; may be repeated
  --help              this text

Once it accepts clients it prints: Listening on ADDRESS:PORT
SIGINT stops it cleanly.

Habits of the real hubs:
)" + HabitsHelp();
}

}  // namespace hub
