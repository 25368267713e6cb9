; The installer for Windows: for one user, without an administrator.
;
; It puts the program beside ActivityWatch's other modules where aw-qt and aw-tauri look for them, and on the user's PATH.
; Only the service, which is not chosen by default, asks for an administrator.
;
; makensis -DVERSION=… -DPROGRAM=aw-sync-agent.exe -DSOURCE=repository -DOUTPUT=installer.exe
;
; The installer itself: /S asks nothing; /SERVICE chooses the service; /D=C:\directory, which comes last, is the place.
; The uninstaller: /S asks nothing; /PURGE removes settings, checkpoints and logs too.

Unicode true
Target amd64-unicode
SetCompressor /SOLID lzma
ManifestSupportedOS all
RequestExecutionLevel user

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include Sections.nsh
!include StrFunc.nsh
!include WinMessages.nsh
${Using:StrFunc} StrStr
${Using:StrFunc} UnStrStr
${Using:StrFunc} UnStrRep

!define NAME aw-sync-agent
!define REGISTERED "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define KEPT "$LOCALAPPDATA\activitywatch\activitywatch"

Name "${NAME} ${VERSION}"
OutFile "${OUTPUT}"
BrandingText "${NAME} ${VERSION}"
ShowInstDetails show
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "${NAME}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "Installs ${NAME}"
VIAddVersionKey LegalCopyright "aw-sync-agent contributors, MIT license"

!define MUI_ABORTWARNING
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English

; What runs cannot be removed, but it can be called otherwise; it goes with the next update, or with the uninstaller.
!macro Vacate file
    Delete "${file}.old"
    Delete "${file}"
    ${If} ${FileExists} "${file}"
        Rename "${file}" "${file}.old"
    ${EndIf}
!macroend

; Whether Windows has a service that runs the program of this installation: then $0 is not empty.
!macro FindService Str
    ReadRegStr $0 HKLM "SYSTEM\CurrentControlSet\Services\${NAME}" ImagePath
    ${If} $0 != ""
        ${${Str}} $0 $0 "$INSTDIR\${NAME}.exe"
    ${EndIf}
!macroend

Section "${NAME}" with_program
    SectionIn RO
    SetOutPath "$INSTDIR"
    !insertmacro Vacate "$INSTDIR\${NAME}.exe"
    File "/oname=${NAME}.exe" "${PROGRAM}"
    File "${SOURCE}/${NAME}.toml.example"
    File "${SOURCE}/LICENSE"
    File "${SOURCE}/README.md"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    WriteRegStr HKCU "${REGISTERED}" DisplayName "${NAME}"
    WriteRegStr HKCU "${REGISTERED}" DisplayVersion "${VERSION}"
    WriteRegStr HKCU "${REGISTERED}" DisplayIcon "$INSTDIR\${NAME}.exe"
    WriteRegStr HKCU "${REGISTERED}" Publisher "aw-sync-agent contributors"
    WriteRegStr HKCU "${REGISTERED}" InstallLocation "$INSTDIR"
    WriteRegStr HKCU "${REGISTERED}" UninstallString '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${REGISTERED}" QuietUninstallString '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${REGISTERED}" NoModify 1
    WriteRegDWORD HKCU "${REGISTERED}" NoRepair 1
    ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
    WriteRegDWORD HKCU "${REGISTERED}" EstimatedSize $0
SectionEnd

Section "On the PATH, for the terminal" on_path
    ; A value that is missing reads like one that is longer than this installer can hold, which must not be overwritten.
    StrCpy $2 ""
    StrCpy $0 0
    ${Do}
        EnumRegValue $1 HKCU Environment $0
        ${If} $1 == Path
            StrCpy $2 "is there"
        ${EndIf}
        IntOp $0 $0 + 1
    ${LoopUntil} $1 == ""
    ReadRegStr $0 HKCU Environment Path
    StrLen $1 "$0;$INSTDIR"
    IntOp $1 $1 + 50
    ${If} $2 != ""
    ${AndIf} $0 == ""
        StrCpy $1 ${NSIS_MAX_STRLEN}
    ${EndIf}
    ${StrStr} $3 ";$0;" ";$INSTDIR;"
    ${If} $1 >= ${NSIS_MAX_STRLEN}
        DetailPrint "The PATH is too long to be changed here: add $INSTDIR to it."
    ${ElseIf} $3 == ""
        ${If} $0 != ""
            StrCpy $0 "$0;"
        ${EndIf}
        WriteRegExpandStr HKCU Environment Path "$0$INSTDIR"
        SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=5000
    ${EndIf}
SectionEnd

Section "Started by ActivityWatch" by_activitywatch
    ; Where there is no ActivityWatch, it says so, and that is no fault of the installation.
    nsExec::ExecToLog '"$INSTDIR\${NAME}.exe" autostart enable'
    Pop $0
SectionEnd

Section /o "A service, started with Windows" as_service
    ExecShellWait runas "$INSTDIR\${NAME}.exe" --service SW_HIDE
    nsExec::ExecToLog '"$INSTDIR\${NAME}.exe" service status'
    Pop $0
    ${If} $0 != 0
        DetailPrint "The service does not run."
        SetErrorLevel 3
    ${EndIf}
SectionEnd

Function .onInit
    SetRegView 64
    ; Both launchers look into directories of that name beside themselves.
    ${If} $INSTDIR == ""
        ReadRegStr $INSTDIR HKCU "${REGISTERED}" InstallLocation
        ${If} $INSTDIR == ""
            StrCpy $INSTDIR "$LOCALAPPDATA\Programs\${NAME}"
            StrCpy $0 "$LOCALAPPDATA\Programs\ActivityWatch"
            ${If} ${FileExists} "$0\aw-qt.exe"
            ${OrIf} ${FileExists} "$0\aw-tauri.exe"
                StrCpy $INSTDIR "$0\${NAME}"
            ${EndIf}
        ${EndIf}
    ${EndIf}
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 /SERVICE $1
    ${IfNot} ${Errors}
        StrCpy $0 "is wanted"
    ${Else}
        ; An update: the service needs rights to the new program, and to be started with it.
        !insertmacro FindService StrStr
    ${EndIf}
    ${If} $0 != ""
        !insertmacro SelectSection ${as_service}
        !insertmacro UnselectSection ${by_activitywatch}
    ${EndIf}
FunctionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
    !insertmacro MUI_DESCRIPTION_TEXT ${with_program} "The program, for this user."
    !insertmacro MUI_DESCRIPTION_TEXT ${on_path} "So that a terminal finds it."
    !insertmacro MUI_DESCRIPTION_TEXT ${by_activitywatch} "Adds it to the modules of aw-qt or aw-tauri. It ends when they do."
    !insertmacro MUI_DESCRIPTION_TEXT ${as_service} "Runs before anybody logs on. Asks for an administrator, who has to be you: the \
        service works with the files of whoever allows it."
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Section "un.${NAME}"
    SectionIn RO
    !insertmacro FindService UnStrStr
    ${If} $0 != ""
        ExecShellWait runas "$INSTDIR\${NAME}.exe" "service uninstall" SW_HIDE
        Sleep 500
        !insertmacro FindService UnStrStr
        ${If} $0 != ""
            MessageBox MB_ICONSTOP "The service is still there, so its program stays. An administrator can remove it." /SD IDOK
            SetErrorLevel 3
            Abort "The service is still there."
        ${EndIf}
    ${EndIf}
    nsExec::ExecToLog '"$INSTDIR\${NAME}.exe" autostart disable'
    Pop $0
    ; What is killed loses nothing: the next start takes up where it was.
    nsExec::ExecToLog 'taskkill /f /im ${NAME}.exe'
    Pop $0
    Sleep 500
    Delete /REBOOTOK "$INSTDIR\${NAME}.exe.old"
    !insertmacro Vacate "$INSTDIR\${NAME}.exe"
    Delete "$INSTDIR\${NAME}.toml.example"
    Delete "$INSTDIR\LICENSE"
    Delete "$INSTDIR\README.md"
    Delete "$INSTDIR\uninstall.exe"
    RMDir /REBOOTOK "$INSTDIR"
    DeleteRegKey HKCU "${REGISTERED}"
    ReadRegStr $0 HKCU Environment Path
    StrLen $1 ";$0;"
    ; One that fills all that this installer can hold may go on.
    ${If} $0 != ""
    ${AndIf} $1 < ${NSIS_MAX_STRLEN}
        ${UnStrRep} $1 ";$0;" ";$INSTDIR;" ";"
        ${If} $1 != ";$0;"
            ; Without the semicolons that were put around it.
            StrCpy $1 $1 -1 1
            ${If} $1 == ""
                DeleteRegValue HKCU Environment Path
            ${Else}
                WriteRegExpandStr HKCU Environment Path $1
            ${EndIf}
            SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=5000
        ${EndIf}
    ${EndIf}
SectionEnd

Section /o "un.Settings, checkpoints and logs" un.purge
    RMDir /r "${KEPT}\${NAME}"
    RMDir /r "${KEPT}\Cache\${NAME}"
    RMDir /r "${KEPT}\Logs\${NAME}"
SectionEnd

Function un.onInit
    SetRegView 64
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 /PURGE $1
    ${IfNot} ${Errors}
        !insertmacro SelectSection ${un.purge}
    ${EndIf}
FunctionEnd

!insertmacro MUI_UNFUNCTION_DESCRIPTION_BEGIN
    !insertmacro MUI_DESCRIPTION_TEXT ${un.purge} "What was sent so far is known by these; another installation goes on where this one was."
!insertmacro MUI_UNFUNCTION_DESCRIPTION_END
