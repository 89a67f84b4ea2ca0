// A hub of one thread for tests/sql/run.py, with a database that scripts reach by vh.SQL.
//
// usage: sql_host LIBRARY
//
// A line is a command and its words, with spaces between them; texts are written in hexadecimal,
// since they are bytes of any encoding. It is answered by a line on standard output: `ok` and what
// the command tells, or `error` and why. What the library and scripts write goes to standard error.
//
//   begin ENCODING           w_Begin; texts of the hub are in this encoding
//   database sqlite          a new database in memory
//   database mariadb SOCKET  a new connection
//   database other           one that knows `SELECT 1` and refuses all else
//   database none            one that answers nothing
//   load PATH                w_Load                             the id
//   call ID FUNCTION TEXT... w_CallFunction                     its text
//   direct QUERY             a query that passes by the library
//   queries                  those that came by the library since the last time
//   end                      w_End
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "blocks.hpp"
#include "database.hpp"
#include "tables.hpp"

namespace {

using Words = std::vector<std::string>;

std::string encoding;
std::unique_ptr<Database> database;
Words queries;

std::string ToHex(const std::string& text) {
  std::string hex;
  char digits[3];
  for (const unsigned char c : text) {
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(c));
    hex += digits;
  }
  return hex.empty() ? "-" : hex;
}

std::string FromHex(const std::string& hex) {
  std::string text;
  if (hex == "-") return text;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    text += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return text;
}

// Row-major, each cell an allocation of its own: the library frees all of it.
char** CopyCells(const Table& table) {
  auto** cells = static_cast<char**>(std::calloc(table.cells.size() + 1, sizeof(char*)));
  for (size_t i = 0; i < table.cells.size(); ++i) {
    if (table.cells[i]) cells[i] = strdup(table.cells[i]->c_str());
  }
  return cells;
}

w_Targs* Sql(const w_Targs* args) {
  if (std::strcmp(args->format, "sl") != 0) return nullptr;
  const std::string query = args->args[0].s;
  queries.push_back(query);
  const Table table = database->Run(query, args->args[1].l);
  w_Targs* result = NewBlock("lllp");
  result->args[0].l = table.succeeded;
  result->args[1].l = static_cast<long>(table.columns ? table.cells.size() / table.columns : 0);
  result->args[2].l = static_cast<long>(table.columns);
  result->args[3].p = table.succeeded ? CopyCells(table) : nullptr;
  return result;
}

template <int Slot>
w_Targs* Callback(int, w_Targs* args) {
  const std::string name = Lib().w_CallName(Slot);
  if (name == "SQL") return database ? Sql(args) : nullptr;
  if (name == "GetConfig") return TextResult(encoding.c_str());
  return IntResult(1);
}

template <int... Slots>
std::array<w_Tcallback, W_MAX_CALLBACKS> Table100(std::integer_sequence<int, Slots...>) {
  return {&Callback<Slots>...};
}

std::string Begin(const std::string& name) {
  static std::array<w_Tcallback, W_MAX_CALLBACKS> table =
      Table100(std::make_integer_sequence<int, W_MAX_CALLBACKS>{});
  encoding = name;
  if (Lib().w_Begin(table.data()) != 1) throw std::runtime_error("w_Begin failed");
  return "";
}

std::string Load(const std::string& path) {
  const int id = Lib().w_ReserveID();
  const Block arguments =
      Pack("lssssls", long{id}, path.c_str(), "HubBot", "OpChat", "/", 1700000000L, "config");
  if (Lib().w_Load(arguments.get()) != id) throw std::runtime_error("the script does not load");
  return std::to_string(id);
}

std::string Call(int id, const std::string& function, Words texts) {
  const Block arguments(NewBlock(std::string(texts.size(), 's')));
  for (size_t i = 0; i < texts.size(); ++i) {
    texts[i] = FromHex(texts[i]);
    arguments->args[i].s = texts[i].data();
  }
  const OwningBlock result(Lib().w_CallFunction(id, function.c_str(), arguments.get()));
  char* text = nullptr;
  if (!result || !Lib().w_unpack(result.get(), "s", &text) || !text) {
    throw std::runtime_error(function + " gives no text");
  }
  return ToHex(text);
}

std::string Direct(const std::string& query) {
  const Table table = database->Run(query, 100);
  if (!table.succeeded) throw std::runtime_error(database->Error());
  return "";
}

std::string TellQueries() {
  std::string told;
  for (const std::string& query : std::exchange(queries, {})) told += ToHex(query) + " ";
  return told;
}

std::unique_ptr<Database> Open(const Words& words) {
  if (words.at(1) == "sqlite") return OpenSqlite();
  if (words.at(1) == "mariadb") return OpenMariaDb(words.at(2));
  if (words.at(1) == "other") return std::make_unique<OtherDatabase>();
  return nullptr;
}

std::string Do(const Words& words) {
  const std::string& command = words.at(0);
  if (command == "begin") return Begin(words.at(1));
  if (command == "database") return database = Open(words), "";
  if (command == "load") return Load(words.at(1));
  if (command == "call") {
    return Call(std::stoi(words.at(1)), words.at(2), Words(words.begin() + 3, words.end()));
  }
  if (command == "direct") return Direct(FromHex(words.at(1)));
  if (command == "queries") return TellQueries();
  if (command == "end") return Lib().w_End() == 1 ? "" : throw std::runtime_error("w_End failed");
  throw std::runtime_error("no command is called " + command);
}

void Serve(std::FILE* answers) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream rest(line);
    Words words;
    for (std::string word; rest >> word;) words.push_back(word);
    std::string answer;
    try {
      answer = "ok " + Do(words);
    } catch (const std::exception& error) {
      answer = std::string("error ") + error.what();
    }
    std::fprintf(answers, "%s\n", answer.c_str());
    std::fflush(answers);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: sql_host LIBRARY\n", stderr);
    return 2;
  }
  setenv("VH_LIBRARY", argv[1], 1);
  std::FILE* answers = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "w");
  if (!answers || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    std::perror("sql_host");
    return 1;
  }
  Serve(answers);
  return 0;
}
