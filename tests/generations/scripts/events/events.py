# Hooks every event and lets all pass. Like all scripts here it runs in the Python of any hub. The old
# Python 3 library blocked an event when a script answered None, so this one answers 1.


def pass_on(*arguments):
    return 1


OnNewConn = pass_on
OnCloseConn = pass_on
OnCloseConnEx = pass_on
OnParsedMsgChat = pass_on
OnParsedMsgPM = pass_on
OnParsedMsgMCTo = pass_on
OnParsedMsgSearch = pass_on
OnParsedMsgSR = pass_on
OnParsedMsgMyINFO = pass_on
OnFirstMyINFO = pass_on
OnParsedMsgValidateNick = pass_on
OnParsedMsgAny = pass_on
OnParsedMsgAnyEx = pass_on
OnOpChatMessage = pass_on
OnPublicBotMessage = pass_on
OnUnLoad = pass_on
OnCtmToHub = pass_on
OnParsedMsgSupports = pass_on
OnParsedMsgMyHubURL = pass_on
OnParsedMsgExtJSON = pass_on
OnParsedMsgBotINFO = pass_on
OnParsedMsgVersion = pass_on
OnParsedMsgMyPass = pass_on
OnParsedMsgConnectToMe = pass_on
OnParsedMsgRevConnectToMe = pass_on
OnUnknownMsg = pass_on
OnOperatorCommand = pass_on
OnOperatorKicks = pass_on
OnOperatorDrops = pass_on
OnOperatorDropsWithReason = pass_on
OnValidateTag = pass_on
OnUserCommand = pass_on
OnHubCommand = pass_on
OnScriptCommand = pass_on
OnUserInList = pass_on
OnUserLogin = pass_on
OnUserLogout = pass_on
OnTimer = pass_on
OnNewReg = pass_on
OnNewBan = pass_on
OnSetConfig = pass_on
