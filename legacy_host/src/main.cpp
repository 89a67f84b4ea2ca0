// vh_hub: starts the hub, its scripts and its network, and ends them in the opposite order.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "accounts.h"
#include "hub.h"
#include "log.h"
#include "options.h"
#include "private_files.h"
#include "python_plugin.h"
#include "server.h"

namespace {

hub::Server* g_server = nullptr;

void OnSignal(int) {
  if (g_server) g_server->RequestStop();
}

void HandleSignals(const hub::Habits& habits) {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  if (!habits.sigterm) sigaction(SIGTERM, &action, nullptr);
  // A limit of file sizes, or a reader of the log that is gone, makes a write fail, no more.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

// What real hubs do in their last moment, though little of it is allowed in a handler.
void OnCrash(int number) {
  hub::LogError("the hub got signal " + std::to_string(number) + " and ends");
  if (hub::ActivePlugin()) hub::ActivePlugin()->Fire(nullptr, W_OnUnLoad, 9L);
  std::exit(128 + number);
}

std::vector<hub::Registration> AccountsOf(const hub::Options& options) {
  std::vector<hub::Registration> accounts;
  for (const std::string& file : options.account_files) {
    for (hub::Registration& account : hub::ReadAccounts(file)) {
      accounts.push_back(std::move(account));
    }
  }
  return accounts;
}

void KeepSettings(hub::Hub& hub, const hub::Options& options,
                  const std::vector<hub::Registration>& accounts) {
  const auto keep = [&](const char* variable, const std::string& value) {
    if (!value.empty()) hub.config().Set("config", variable, value);
  };
  keep("hub_name", options.name);
  keep("hub_topic", options.topic);
  keep("hub_encoding", options.encoding);
  for (const hub::Registration& account : accounts) {
    hub.registrations().Add(account, "--register");
  }
}

int RunHub(const hub::Options& options) {
  // Before anything is made: a mistake in them leaves nothing behind.
  const std::vector<hub::Registration> accounts = AccountsOf(options);
  const std::filesystem::path config_dir = std::filesystem::absolute(options.config_dir);
  const std::filesystem::path scripts_dir = config_dir / "scripts";
  hub::MakePrivateFolder(config_dir.string());
  std::filesystem::create_directories(scripts_dir);
  hub::Hub hub(config_dir.string(), (config_dir / "hub.db").string());
  KeepSettings(hub, options, accounts);
  hub::PythonPlugin scripts(
      &hub, {vh::find_library(options.library), scripts_dir.string(), options.generation,
             options.transcript, options.log_level, options.habits});
  hub::Server server(&hub, options.listen, options.port);
  g_server = &server;
  // Before scripts load, so that a stop meanwhile is a clean one; and after, in case one took over.
  HandleSignals(options.habits);
  scripts.Start();
  HandleSignals(options.habits);
  if (options.habits.late_signals) std::signal(SIGSEGV, OnCrash);
  std::printf("Listening on %s:%d\n", options.listen.c_str(), server.port());
  std::fflush(stdout);
  server.Run();
  const int code = hub.stopping() ? hub.stop_code() : 0;
  hub::Log(0, "stopping with code " + std::to_string(code));
  scripts.Stop(code);
  server.FlushAll();  // scripts may have said good-bye
  g_server = nullptr;
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const hub::Options options = hub::ParseOptions(std::vector<std::string>(argv + 1, argv + argc));
    if (options.help) {
      std::fputs(hub::HelpText().c_str(), stdout);
      return 0;
    }
    hub::SetLogLevel(options.log_level);
    return RunHub(options);
  } catch (const hub::OptionsError& error) {
    std::fprintf(stderr, "vh_hub: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "vh_hub: %s\n", error.what());
    return 1;
  }
}
