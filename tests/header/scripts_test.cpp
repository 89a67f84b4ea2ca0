// Loading, finding and unloading scripts through a host; hooks.
#include <gtest/gtest.h>

#include "host.hpp"

namespace {

constexpr const char* kSource =
    "import vh\n"
    "def whoami():\n"
    "    return vh.name\n"
    "def settings():\n"
    "    return [vh.botname, vh.opchatname, vh.config_name]\n"
    "def OnUserLogin(nick):\n"
    "    return ('hello ' + nick, 0)\n"
    "def OnUserLogout(nick):\n"
    "    raise LookupError(nick)\n";

class Scripts : public testing::Test {
 protected:
  int Load(const std::string& name) { return host_.load(folder_.Write(name, kSource)).value(); }

  Folder folder_;
  vh::Host host_{Options()};
};

TEST_F(Scripts, AreFoundByPathAndFileName) {
  const int first = Load("first.py");
  const int second = Load("second.py");
  EXPECT_EQ(first, host_.find("first.py"));
  EXPECT_EQ(second, host_.find(host_.scripts().at(second)));
  EXPECT_EQ(std::nullopt, host_.find("irst.py"));
  EXPECT_EQ(std::nullopt, host_.find(""));
  EXPECT_EQ("second.py", host_.call<std::string>("second.py", "whoami").value());
  EXPECT_EQ("first.py", host_.call<std::string>(host_.scripts().at(first), "whoami").value());
  const auto missing = host_.call<std::string>("third.py", "whoami");
  EXPECT_EQ("not_found", missing.error().code);
  EXPECT_NE(std::string::npos, missing.error().message.find("third.py"));
}

TEST_F(Scripts, OfOneFileNameAreTakenInOrder) {
  const Folder other;
  const int first = Load("same.py");
  const std::string path = other.Write("same.py", kSource);
  const int second = host_.load(path).value();
  EXPECT_EQ(first, host_.find("same.py"));
  EXPECT_EQ(second, host_.find(path));
  host_.unload(first).value();
  EXPECT_EQ(second, host_.find("same.py"));
}

TEST_F(Scripts, AreForgottenAtUnload) {
  const int script = Load("script.py");
  host_.unload(script).value();
  EXPECT_EQ(std::nullopt, host_.find("script.py"));
  EXPECT_TRUE(host_.scripts().empty());
  EXPECT_EQ("not_found", host_.unload(script).error().code);
}

TEST_F(Scripts, ThatDoNotLoadTellWhy) {
  const vh::Result<int> missing = host_.load("/no/such/script.py");
  EXPECT_EQ("not_found", missing.error().code);
  const vh::Result<int> broken = host_.load(folder_.Write("broken.py", "raise KeyError('x')\n"));
  ASSERT_FALSE(broken);
  EXPECT_EQ("KeyError", broken.error().type);
  EXPECT_NE(std::string::npos, broken.error().traceback.find("broken.py"));
  EXPECT_TRUE(host_.scripts().empty());
}

TEST(ScriptsOfAHub, KnowItsSettings) {
  const Folder folder;
  vh::HostOptions options = Options();
  options.bot_nick = "Bot";
  options.op_chat_nick = "Ops";
  options.config_name = "name";
  vh::Host host(options);
  const int script = host.load(folder.Write("script.py", kSource)).value();
  EXPECT_EQ((std::vector<std::string>{"Bot", "Ops", "name"}),
            host.call<std::vector<std::string>>(script, "settings").value());
}

TEST_F(Scripts, HaveHooks) {
  const int script = Load("script.py");
  EXPECT_TRUE(host_.has_hook(script, W_OnUserLogin));
  EXPECT_FALSE(host_.has_hook(script, W_OnTimer));
  const vh::Block result = host_.call_hook(script, W_OnUserLogin, "nick");
  ASSERT_TRUE(result);
  EXPECT_EQ(vh::Json::array({"hello nick", 0}), vh::json_of(result.get()));
  EXPECT_FALSE(host_.call_hook(script, W_OnTimer, 1.5));
  const vh::Block passed = host_.call_hook(script, W_OnUserLogout, std::string("nick"));
  EXPECT_EQ(vh::Json(1), vh::json_of(passed.get()));
  EXPECT_EQ("LookupError: nick", host_.failure().text());
}

}  // namespace
