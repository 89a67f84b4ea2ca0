// What the library asks of the host on its own account: only what the table offered at w_Begin, and
// without reading the table again.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "blocks.hpp"
#include "fake_hub.hpp"
#include "log_capture.hpp"

namespace {

struct Counts {
  int configs = 0;
  int chats = 0;
  int messages = 0;
};
Counts counts;

w_Targs* GetConfig(int, w_Targs*) {
  ++counts.configs;
  return TextResult("CP1251");
}

w_Targs* SendToOpChat(int, w_Targs*) {
  ++counts.chats;
  return IntResult(1);
}

w_Targs* Mc(int, w_Targs*) {
  ++counts.messages;
  return IntResult(1);
}

// A hub without a table of its own: from w_Begin to w_End.
class OwnAccount : public testing::Test {
 protected:
  OwnAccount()
      : page_(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
        table_(static_cast<w_Tcallback*>(page_)) {
    counts = {};
    if (!mkdtemp(folder_.data())) throw std::runtime_error("cannot make the folder " + folder_);
  }

  ~OwnAccount() override {
    EXPECT_EQ(1, Lib().w_End());
    munmap(page_, kSize);
    std::filesystem::remove_all(folder_);
  }

  void Begin() {
    ASSERT_NE(MAP_FAILED, page_);
    ASSERT_EQ(1, Lib().w_Begin(table_));
    Lib().w_LogLevel(kDefaultLogLevel);
  }

  // The memory of the table is used for something else from now on: reading it ends the process.
  void TakeTheTableAway() { ASSERT_EQ(0, mprotect(page_, kSize, PROT_NONE)); }

  int Load(const std::string& source) {
    const std::string path = folder_ + "/own_account.py";
    std::ofstream(path) << source;
    const Block arguments = Pack("lssssls", long{Lib().w_ReserveID()}, path.c_str(), "bot", "chat",
                                 folder_.c_str(), 0L, "config");
    return Lib().w_Load(arguments.get());
  }

  // Calls OnUserLogin with a byte that is a letter in CP1251 and nothing in UTF-8. Tells what it
  // was.
  static std::string Login(int script) {
    const OwningBlock result(Lib().w_CallHook(script, W_OnUserLogin, Pack("s", "\xcf").get()));
    return Describe(result.get());
  }

  w_Tcallback* table() { return table_; }
  LogCapture& log() { return log_; }

 private:
  static constexpr size_t kSize = W_MAX_CALLBACKS * sizeof(w_Tcallback);
  std::string folder_ = testing::TempDir() + "vh-test-XXXXXX";
  LogCapture log_;
  void* page_;
  w_Tcallback* table_;
};

const char* const kIsCyrillic = "def OnUserLogin(nick): return 0 if nick == '\\u041f' else 1\n";

// A hook that is suspended after its deadlines, which operators are told.
const char* const kSlow =
    "# vh: timeout = 0.02\n"
    "import time\n"
    "def OnUserLogin(nick):\n"
    "    while True: time.sleep(0.001)\n";

void SuspendItsLogin(int script) {
  for (int call = 0; call < 4; ++call) {
    const OwningBlock result(Lib().w_CallHook(script, W_OnUserLogin, Pack("s", "nick").get()));
  }
}

TEST_F(OwnAccount, TheTableMayBeGoneAfterBegin) {
  table()[W_GetConfig] = &GetConfig;
  table()[W_SendToOpChat] = &SendToOpChat;
  Begin();
  TakeTheTableAway();
  EXPECT_EQ("l 0", Login(Load(kIsCyrillic)));
  EXPECT_EQ(1, counts.configs);
  SuspendItsLogin(Load(kSlow));
  EXPECT_EQ(1, counts.chats) << log().Take();
}

TEST_F(OwnAccount, NothingIsCalledThatCameAfterBegin) {
  Begin();
  table()[W_GetConfig] = &GetConfig;
  table()[W_SendToOpChat] = &SendToOpChat;
  table()[W_mc] = &Mc;
  EXPECT_EQ("l 1", Login(Load(kIsCyrillic))) << "the hub speaks UTF-8";
  SuspendItsLogin(Load(kSlow));
  EXPECT_EQ(0, counts.configs);
  EXPECT_EQ(0, counts.chats) << log().Take();
  // A script's own calls go wherever the table leads now.
  const int script = Load(
      "import vh\n"
      "def OnUserLogin(nick):\n"
      "    return 0 if vh.mc('text') and vh.GetConfig('config', 'hub_encoding') == 'CP1251' else "
      "1\n");
  EXPECT_EQ("l 0", Login(script)) << log().Take();
  EXPECT_EQ(1, counts.messages);
  EXPECT_EQ(1, counts.configs);
}

TEST_F(OwnAccount, WhatWasOfferedAtBeginIsCalledThoughTheSlotIsEmptyNow) {
  table()[W_GetConfig] = &GetConfig;
  Begin();
  table()[W_GetConfig] = nullptr;
  EXPECT_EQ("l 0", Login(Load(kIsCyrillic)));
  EXPECT_EQ(1, counts.configs);
}

TEST_F(OwnAccount, AHubWithoutGetConfigSpeaksUtf8) {
  Begin();
  const int script = Load("def OnUserLogin(nick): return 0 if nick == '\\udccf' else 1\n");
  EXPECT_EQ("l 0", Login(script)) << log().Take();
}

// A host that counts calls sees none that no script made, but the one for the encoding.
TEST_F(OwnAccount, AHealthyScriptCostsOneQuestion) {
  table()[W_GetConfig] = &GetConfig;
  table()[W_SendToOpChat] = &SendToOpChat;
  table()[W_mc] = &Mc;
  Begin();
  const int script = Load(kIsCyrillic);
  for (int call = 0; call < 100; ++call) EXPECT_EQ("l 0", Login(script));
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_EQ(1, counts.configs);
  EXPECT_EQ(0, counts.chats + counts.messages);
}

}  // namespace
