FROM corpus/base
ARG ARGUMENT=parent
ONBUILD ENV FROM_TRIGGER=$OTHER-${OTHER:-unset}
ONBUILD ARG ARGUMENT=child
ONBUILD RUN echo "trigger $ARGUMENT" > /trigger
ONBUILD COPY --chown=app f* /copied/
ONBUILD ADD archive.tar /added
ONBUILD WORKDIR sub
ONBUILD USER app
ONBUILD LABEL trigger=yes
ENV OTHER=of-parent
CMD ["parent"]
